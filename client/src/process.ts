import { aboutJob } from './errors.ts'
import type { ParametersOf, Typing } from './processor-shape.ts'
import type { CompletedJob, Job, JobOptions, JobOutput } from './shapes.ts'
import { type CallOptions, limitOf } from './transport.ts'
import type { UploadOptions, UploadProgress } from './upload/upload-options.ts'
import type { WaitOptions } from './wait.ts'

/** How far `process` has come: bytes on their way up, then every change of the job. */
export type ProcessProgress<T extends Typing = Typing> =
  | ({ readonly stage: 'upload' } & UploadProgress)
  | { readonly stage: 'job'; readonly job: Job<T> }

/** How to process files. */
export interface ProcessOptions<T extends Typing = Typing, Progress = ProcessProgress<T>> extends CallOptions {
  /** What the processor is to do with the files. */
  readonly parameters?: ParametersOf<T>
  /** What else the job is given: priority, labels and so on. */
  readonly job?: JobOptions
  /** Called with the id of the job as soon as it is known, before a byte is sent. */
  readonly onStarted?: (jobId: string) => void
  /** Called at the start, as often as anything has changed, and at the end. A method, so that `process` of Node may tell more. */
  onProgress?(progress: Progress): void
  /**
   * What an abort, or the end of the time, leaves. `cancel`, the default: nothing of an upload, and a job that is asked to
   * stop. `keep`: the upload stays open for `resume`, and the job goes on.
   */
  readonly onAbort?: 'cancel' | 'keep'
}

/** What came of it. */
export interface Processed<T extends Typing = Typing> {
  readonly job: CompletedJob<T>
  readonly outputs: readonly JobOutput[]
}

/** The calls of a client that `process` is made of. */
export interface ProcessSteps<T extends Typing, Source> {
  uploadFiles(files: readonly Source[], options: UploadOptions<T>): Promise<string>
  waitForJob(jobId: string, options: WaitOptions<T>): Promise<CompletedJob<T>>
  outputs(jobId: string, options: CallOptions): Promise<JobOutput[]>
  cancelJob(jobId: string, options: CallOptions): Promise<unknown>
}

/** How long an aborted call waits for the service to hear that the job is to stop, in ms. */
const FAREWELL_MS = 5000

/** Uploads files, waits for their job and lists what it left. A failure that is no abort leaves the job as it is. */
export async function processFiles<T extends Typing, Source>(
  steps: ProcessSteps<T, Source>,
  files: readonly Source[],
  options: ProcessOptions<T>,
): Promise<Processed<T>> {
  const { onStarted, onProgress, onAbort = 'cancel', parameters, job: jobOptions } = options
  const { signal, release } = limitOf(options)
  let jobId: string | undefined
  try {
    const id = await steps.uploadFiles(files, {
      ...(parameters !== undefined && { parameters }),
      ...(jobOptions !== undefined && { job: jobOptions }),
      signal,
      onAbort: onAbort === 'cancel' ? 'discard' : 'keep',
      onStarted: (known) => {
        jobId = known
        onStarted?.(known)
      },
      onProgress: (progress) => onProgress?.({ stage: 'upload', ...progress }),
    })
    const job = await steps.waitForJob(id, { signal, onProgress: (seen) => onProgress?.({ stage: 'job', job: seen }) })
    return { job, outputs: await steps.outputs(id, { signal }) }
  } catch (failure) {
    if (signal.aborted && jobId !== undefined && onAbort === 'cancel') await askToStop(steps, jobId)
    throw aboutJob(jobId, failure)
  } finally {
    release()
  }
}

/** Does its best: a job that is not there, has ended or cannot be reached is not what the caller is to hear of. */
async function askToStop<T extends Typing, Source>(steps: ProcessSteps<T, Source>, jobId: string): Promise<void> {
  await steps.cancelJob(jobId, { timeoutMs: FAREWELL_MS }).catch(() => {})
}
