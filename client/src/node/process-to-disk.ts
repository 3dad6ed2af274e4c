import { aboutJob } from '../errors.ts'
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
  /** Where the outputs are downloaded to, as `downloadFiles` does. They stay on the service alone unless given. */
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
