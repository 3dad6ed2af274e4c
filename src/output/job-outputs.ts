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

/** Where the outputs of an attempt go, and in what pieces: plain data, so that writers elsewhere can be made of it. */
export interface OutputPlan {
  /** Where results go. */
  bucket: string
  /** Key prefix of all results, without slashes at its ends, e.g. `results`. */
  resultsPrefix: string
  jobId: string
  /** From 1. The first attempt writes under `<prefix>/<job_id>/`, later ones under `<prefix>/<job_id>/attempt-<n>/`. */
  attempt: number
  /** Size at which a JSONL object is full. */
  chunkSizeBytes: number
  /** Size at which a tar shard is full. */
  shardSizeBytes: number
}

/** An object whose bytes come ready made. */
export interface ReceivedObject {
  /** Takes a chunk, which must not be changed afterwards; resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>
  /** Resolves once the object is durable. */
  close(): Promise<OutputObject>
  /** Drops it; the attempt cannot be committed any more. */
  abort(reason: unknown): Promise<void>
}

/** What an executor holds of it: it can hand over what writers in another thread or process have made. */
export interface ExecutionOutputs extends JobOutputs {
  readonly plan: OutputPlan
  /** Opens an object whose bytes the writers of the processor's own thread or process have made. Throws `UNRECOVERABLE` when the name is taken. */
  receive(name: string, mediaType: string): ReceivedObject
}

/** What the worker holds of it: how the writers end. */
export interface AttemptOutputs extends ExecutionOutputs {
  /** Closes every writer still open; answers all objects written. */
  commit(): Promise<readonly OutputObject[]>
  /** Drops every upload under way and removes every object written. */
  discard(): Promise<void>
}
