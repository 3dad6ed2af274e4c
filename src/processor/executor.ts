import type { Logger } from 'pino'
import type { Component } from '../base/lifecycle.ts'
import type { FileState, Job, JsonValue, Progress } from '../job/job.ts'
import type { Resources } from '../job/resources.ts'
import type { ExecutionOutputs } from '../output/job-outputs.ts'

/** One input file as the processor finds it. */
export interface InputFile {
  /** Position in the manifest, from 0. */
  index: number
  uri: string
  /** Where it lies on this machine; empty when the processor reads the objects itself. */
  path: string
  sizeBytes: number
  etag: string
}

/** One attempt as an executor is asked to run it. */
export interface Execution {
  jobId: string
  /** From 1. */
  attempt: number
  files: readonly InputFile[]
  /** As submitted; the executor parses them with the processor's schema. */
  parameters: JsonValue
  checkpoint: JsonValue
  /** What of the worker is counted for the job; null when nothing is. */
  resources: Resources | null
  /** The schedule that submitted the job, and its tick; null when a person did. */
  schedule: Job['schedule']
  /** Makes the attempt's scratch folder on first use and answers its path. */
  workDir: () => string
  /** Aborts on cancel, timeout, stop and lost lease; the reason is a `LongshoreError` whose code says which. */
  signal: AbortSignal
  /** The span the processor's code runs in, as W3C Trace Context writes it; null outside of any trace. */
  traceparent: string | null
  log: Logger
  outputs: ExecutionOutputs
  /** Cheap; called as often as the processor likes. */
  onProgress(progress: Progress): void
  /** The processor's code threw where nobody waits for it, e.g. in a promise it forgot: the attempt fails. */
  onStrayError(thrown: unknown): void
  /** Resolves when the checkpoint is durable. */
  saveCheckpoint(checkpoint: JsonValue): Promise<void>
  markFile(index: number, state: Exclude<FileState, 'pending' | 'downloaded'>, error?: string): void
}

/**
 * Runs the processor's code. `execute` resolves with the result, already checked against the processor's schema, or
 * rejects with what the processor threw; it settles only when nothing of the attempt runs any more.
 */
export interface Executor extends Component {
  /** How long it takes at most to end an attempt that was aborted, by force if need be; without it, there is no force. */
  readonly endsWithinMs?: number
  execute(execution: Execution): Promise<JsonValue>
}
