import { z } from 'zod'
import { ProcessorDefined } from './job.ts'

/** What a JSONL writer says of what it wrote. */
export const TabularOutput = z.object({
  name: z.string(),
  type: z.literal('tabular'),
  format: z.literal('jsonl'),
  uris: z.array(z.string()),
  shards: z.tuple([]),
  metadata: z.looseObject({ records_emitted: z.int(), file_count: z.int(), response_model: z.string().optional() }),
})

/** One tar of a WebDataset output. */
export const Shard = z.object({
  name: z.string(),
  uri: z.string(),
  index_uri: z.string(),
  metadata: z.object({ items: z.int(), bytes: z.int() }),
})

/** What a WebDataset writer says of what it wrote. */
export const BinaryOutput = z.object({
  name: z.string(),
  type: z.literal('binary'),
  format: z.literal('webdataset'),
  uris: z.tuple([]),
  shards: z.array(Shard),
  metadata: z.object({}),
})

/** The index beside a shard. */
export const ShardIndex = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      size_bytes: z.int(),
      offset: z.int().describe('Of the content, from the start of the tar'),
    }),
  ),
})

/** `results.json`. */
export const ResultsIndex = z.object({
  job_id: z.uuid(),
  outputs: z.array(z.looseObject({ name: z.string() }).nullable()),
  metrics: z.record(z.string(), ProcessorDefined),
})
