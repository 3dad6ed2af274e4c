import { LongshoreError } from '../base/errors.ts'
import type { Ingest, IngestFile } from '../engine/ingest-records.ts'

/** No such ingest, or none any more. */
export function ingestNotFound(jobId: string): LongshoreError {
  return new LongshoreError(
    'INGEST_NOT_FOUND',
    `There is no ingest ${JSON.stringify(jobId)}. It may have expired or been aborted; start a new one.`,
  )
}

/** The ingest has become its job. */
export function ingestClosed(jobId: string): LongshoreError {
  return new LongshoreError(
    'INGEST_CLOSED',
    `The ingest ${jobId} is complete: its job is queued and nothing can be changed.`,
  )
}

/** The file of an ingest, by its id and, if given, its upload. Throws `UPLOAD_NOT_FOUND`. */
export function fileOf(ingest: Ingest, fileId: string, uploadId?: string): IngestFile {
  const file = ingest.files.find(({ id }) => id === fileId)
  if (file !== undefined && (uploadId === undefined || file.uploadId === uploadId)) return file
  const upload = uploadId === undefined ? '' : ` with upload ${JSON.stringify(uploadId)}`
  throw new LongshoreError(
    'UPLOAD_NOT_FOUND',
    `The ingest ${ingest.jobId} has no file ${JSON.stringify(fileId)}${upload}.`,
  )
}

/** Nothing for an upload that is not there, e.g. because it was completed; any other failure is thrown. */
export function unlessGone(failure: unknown): undefined {
  if (failure instanceof LongshoreError && failure.code === 'UPLOAD_NOT_FOUND') return undefined
  throw failure
}
