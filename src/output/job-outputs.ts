import type { OutputObject } from '../job/job.ts'
import type { FileWriter, FileWriterOptions } from './file-writer.ts'
import type { JsonlWriter, JsonlWriterOptions } from './jsonl-writer.ts'
import type { OutputDescription } from './results-index.ts'
import type { WebDatasetWriter, WebDatasetWriterOptions } from './webdataset-writer.ts'

/** The writers of one attempt. What they write becomes the job's outputs when, and only when, the attempt completes. */
export interface JobOutputs {
  /** Where this attempt writes, e.g. `s3://bucket/results/<job_id>/`. */
  readonly baseUri: string
  jsonl<Row = unknown>(options?: JsonlWriterOptions<Row>): JsonlWriter<Row>
  webDataset(options?: WebDatasetWriterOptions): WebDatasetWriter
  /** One object under a name of the processor's choice, e.g. `plots/overview.png`. */
  file(name: string, options?: FileWriterOptions): FileWriter
  /** Writes `results.json` and answers its URI. */
  writeResultsIndex(outputs: readonly (OutputDescription | null)[], metrics?: Record<string, unknown>): Promise<string>
}

/** What the worker holds of it: how the writers end. */
export interface AttemptOutputs extends JobOutputs {
  /** Closes every writer still open; answers all objects written. */
  commit(): Promise<readonly OutputObject[]>
  /** Drops every upload under way and removes every object written. */
  discard(): Promise<void>
}
