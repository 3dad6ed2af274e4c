import { LongshoreError, UploadError } from '../errors.ts'

/** What is known of an upload when it fails. */
interface Where {
  readonly jobId?: string | undefined
  readonly filename?: string | undefined
}

/** Says of a failure which upload and which file it belongs to; a mistake of the caller stays as it is. */
export function uploadFailure(failure: unknown, where: Where): unknown {
  if (!(failure instanceof LongshoreError)) return failure
  const { code, retryable } = failure
  const isOurs = failure instanceof UploadError
  const named = isOurs ? failure.filename : undefined
  const filename = named ?? where.filename
  const name = filename === named ? '' : `${JSON.stringify(filename)} could not be uploaded: `
  const message = `${name}${failure.message}`
  const jobId = failure.jobId ?? where.jobId
  return new UploadError({ code, message, retryable, jobId, filename, cause: isOurs ? failure.cause : failure })
}
