import { access, constants, mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { aboutJob, LongshoreError } from '../errors.ts'
import {
  type Processed,
  type ProcessOptions,
  type ProcessProgress,
  type ProcessSteps,
  processFiles,
} from '../process.ts'
import type { Typing } from '../processor-shape.ts'
import type { JobOutput } from '../shapes.ts'
import { limitOf } from '../transport.ts'
import type { UploadSource } from '../upload/source.ts'
import type { DownloadedFile, DownloadOptions } from './download-files.ts'
import type { DownloadProgress } from './download-tally.ts'

/** How far `process` has come: at last, bytes on their way down. */
export type ProcessToDiskProgress<T extends Typing = Typing> =
  | ProcessProgress<T>
  | ({ readonly stage: 'download' } & DownloadProgress)

/** How to process files from disk to disk. */
export interface ProcessToDiskOptions<T extends Typing = Typing> extends ProcessOptions<T, ProcessToDiskProgress<T>> {
  /**
   * Where the outputs are downloaded to, as `downloadFiles` does. They stay on the service alone unless given. Made when
   * it is not there; one that cannot be written is refused with the code `CANNOT_WRITE`, before anything is uploaded.
   */
  readonly outputDir?: string
  /** As for `downloadFiles`. Default false. */
  readonly overwrite?: boolean
}

/** What came of it, and where it lies. */
export interface DownloadedResult<T extends Typing = Typing> extends Processed<T> {
  /** Empty without `outputDir`. */
  readonly downloaded: readonly DownloadedFile[]
}

type Source = string | UploadSource

interface Steps<T extends Typing> extends ProcessSteps<T, Source> {
  downloadFiles(items: readonly JobOutput[], dir: string, options: DownloadOptions): Promise<DownloadedFile[]>
}

/** See `JobClient.process` of Node. */
export async function processToDisk<T extends Typing>(
  steps: Steps<T>,
  files: readonly Source[],
  { outputDir, overwrite = false, signal: caller, timeoutMs, ...options }: ProcessToDiskOptions<T>,
): Promise<DownloadedResult<T>> {
  const { signal, release } = limitOf({ signal: caller, timeoutMs })
  const onProgress = (progress: DownloadProgress): void => options.onProgress?.({ stage: 'download', ...progress })
  try {
    if (outputDir !== undefined) await makeOutputDir(outputDir)
    const done = await processFiles(steps, files, { ...options, signal })
    if (outputDir === undefined) return { ...done, downloaded: [] }
    const downloading = steps.downloadFiles(done.outputs, outputDir, { overwrite, signal, onProgress })
    const downloaded = await downloading.catch((failure: unknown) => {
      throw aboutJob(done.job.job_id, failure)
    })
    return { ...done, downloaded }
  } finally {
    release()
  }
}

/** Before anything is uploaded: a job of hours must not end at a folder that was never there to be written. */
async function makeOutputDir(outputDir: string): Promise<void> {
  try {
    await mkdir(outputDir, { recursive: true })
    await access(outputDir, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `Outputs cannot be written to ${resolve(outputDir)}, so nothing was uploaded: ${why}`
    throw new LongshoreError({ code: 'CANNOT_WRITE', message, cause })
  }
}
