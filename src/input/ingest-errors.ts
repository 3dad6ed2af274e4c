import { LongshoreError } from '../base/errors.ts'
import type { Ingest, IngestFile } from '../engine/ingest-records.ts'

/** How long a client should wait before it opens another ingest. */
const TOO_MANY_INGESTS_RETRY_MS = 30_000

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

/** `MAX_OPEN_INGESTS` are open. */
export function tooManyIngests(open: number, limit: number): LongshoreError {
  return new LongshoreError(
    'TOO_MANY_INGESTS',
    `${open} ingests are open, the limit (MAX_OPEN_INGESTS) is ${limit}. Complete or abort some, or try again later.`,
    { retryAfterMs: TOO_MANY_INGESTS_RETRY_MS },
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
