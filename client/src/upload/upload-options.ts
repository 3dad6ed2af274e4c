import type { ParametersOf, Typing } from '../processor-shape.ts'
import type { JobOptions } from '../shapes.ts'
import type { CallOptions } from '../transport.ts'

/** How far an upload has come. */
export interface UploadProgress {
  /** Bytes that have arrived, in whole parts; those of an earlier try of a resumed upload count. */
  readonly sentBytes: number
  readonly totalBytes: number
  /** Files of which every byte has arrived. */
  readonly sentFiles: number
  readonly totalFiles: number
}

/** How to upload. With `timeoutMs` the upload stays open for `resume` when its time is over. */
export interface UploadOptions<T extends Typing = Typing> extends CallOptions {
  /** What the processor is to do with the files. */
  readonly parameters?: ParametersOf<T>
  /** What else the job is given: priority, labels and so on. */
  readonly job?: JobOptions
  /** Parts, of all files together, that are sent at once; as many are held in memory. Default 4; a `TypeError` below 1. */
  readonly concurrency?: number
  /**
   * Whether to announce the SHA-256 of every file, so that the service checks it; each is then read twice. Sources that
   * bring theirs announce it anyway. Default false.
   */
  readonly sha256?: boolean
  /**
   * Uploads with the same key, files and options are one job: after a crash, the same call goes on with what has arrived.
   * A fresh one for every call unless given.
   */
  readonly idempotencyKey?: string
  /**
   * Goes on with the upload of this job: the same files, of which only what is missing is sent. `parameters` and `job`
   * are those it was started with.
   */
  readonly resume?: string
  /**
   * Called with the id of the job as soon as it is known: what `resume` needs, until `expiresAt` by the clock of the service.
   * An upload that takes longer is kept open longer.
   */
  readonly onStarted?: (jobId: string, expiresAt: Date) => void
  /** What an abort by `signal` leaves: nothing, or the upload open for `resume` until it expires. Default `discard`. */
  readonly onAbort?: 'discard' | 'keep'
  /** Called at the start and after every part. */
  readonly onProgress?: (progress: UploadProgress) => void
}
