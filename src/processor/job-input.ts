import type { Logger } from 'pino'
import type { FileState, JsonValue } from '../job/job.ts'
import type { Resources } from '../job/resources.ts'
import type { JobOutputs } from '../output/job-outputs.ts'
import type { InputFile } from './executor.ts'

/** A small JSON document that outlives the attempt. */
export interface Checkpoint {
  /** What was saved last, by this attempt or an earlier one; null at first. */
  load<Document extends JsonValue = JsonValue>(): Document | null
  /** Resolves once the document is durable. At most 1 MiB of JSON. */
  save(document: JsonValue): Promise<void>
}

/** The tick of a schedule that a job was submitted for. */
export interface ScheduleTick {
  /** Name of the schedule. */
  readonly name: string
  /** What the job is for, however late it runs; null when it was fired by hand. */
  readonly tick: Date | null
}

/** One job as `processInput` finds it. */
export interface JobInput<Parameters = unknown> {
  readonly jobId: string
  /** From 1. */
  readonly attempt: number
  /** Where the input files lie, in manifest order; empty when the processor's `inputs` is `uri`. */
  readonly localPaths: readonly string[]
  /** Uri, path, size and ETag of each input file, in manifest order. */
  readonly files: readonly InputFile[]
  /** Parsed by the processor's `parametersSchema`, if it has one. */
  readonly parameters: Parameters
  /** What of the worker is counted for this job; it may take no more. 0 where nothing was asked for. */
  readonly resources: Resources
  /** The schedule that submitted the job; null when a person did. */
  readonly schedule: ScheduleTick | null
  /** A scratch folder of this attempt alone; removed when the attempt ends. */
  readonly workDir: string
  /** Aborts on cancel, timeout, stop and lost lease; `signal.reason.code` says which. */
  readonly signal: AbortSignal
  /** The span to hang own spans below, as W3C Trace Context writes it; null when the job belongs to no trace. */
  readonly traceparent: string | null
  /** Lines go to the service's log and are kept with the job. */
  readonly log: Logger
  readonly outputs: JobOutputs
  readonly checkpoint: Checkpoint
  /** Marks an input file in the ledger; unmarked files are `done` when the job completes. */
  markFile(file: InputFile, state: Exclude<FileState, 'pending' | 'downloaded'>, error?: string): void
}
