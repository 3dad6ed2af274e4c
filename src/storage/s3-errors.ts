import { LongshoreError, messageOf, systemCodeOf } from '../base/errors.ts'
import { formatObjectUri, type ObjectRef } from './object-uri.ts'

const NOT_FOUND: ReadonlySet<string> = new Set(['NoSuchKey', 'NotFound', 'NoSuchBucket'])
const BAD_PARTS: ReadonlySet<string> = new Set(['EntityTooSmall', 'InvalidPart', 'InvalidPartOrder', 'MalformedXML'])
const FULL: ReadonlySet<string> = new Set(['XMinioStorageFull', 'InsufficientStorage', 'StorageFull', 'QuotaExceeded'])
const BUSY: ReadonlySet<string> = new Set(['SlowDown', 'RequestTimeout', 'RequestTimeTooSkewed', 'Throttling'])

/** What an S3 server, or the way to it, said. */
export interface S3Fault {
  /** The error code of S3, or the name of the error. */
  name: string
  /** The HTTP status; undefined when there was no answer. */
  status: number | undefined
}

/** Reads what the SDK threw. */
export function faultOf(failure: unknown): S3Fault {
  if (!(failure instanceof Error)) return { name: String(failure), status: undefined }
  const metadata = '$metadata' in failure ? failure.$metadata : undefined
  const status = isObject(metadata) ? metadata.httpStatusCode : undefined
  return { name: failure.name, status: typeof status === 'number' ? status : undefined }
}

/** Whether the server said that the object is not there. */
export function isNotFound(failure: unknown): boolean {
  const { name, status } = faultOf(failure)
  return NOT_FOUND.has(name) || (status === 404 && name !== 'NoSuchUpload')
}

/** Puts what the SDK threw into the store's terms; `subject` is what the call was about. */
export function storeFailure(failure: unknown, subject: ObjectRef | string): LongshoreError {
  if (failure instanceof LongshoreError) return failure
  const what = typeof subject === 'string' ? subject : formatObjectUri(subject)
  const { name, status } = faultOf(failure)
  const options = { cause: failure }
  if (name === 'NoSuchUpload') {
    return new LongshoreError('UPLOAD_NOT_FOUND', `There is no upload of ${what} with this id.`, options)
  }
  if (name === 'NoSuchBucket') return new LongshoreError('OBJECT_NOT_FOUND', `There is no bucket for ${what}.`, options)
  if (isNotFound(failure)) return new LongshoreError('OBJECT_NOT_FOUND', `There is no object ${what}.`, options)
  if (BAD_PARTS.has(name)) return new LongshoreError('PARTS_MISMATCH', `${name}: ${wordOf(failure)}.`, options)
  if (status === 412) return new LongshoreError('PRECONDITION_FAILED', `The object ${what} has changed.`, options)
  if (status === 416) return new LongshoreError('RANGE_NOT_SATISFIABLE', `The range lies outside ${what}.`, options)
  if (FULL.has(name) || status === 507) {
    return new LongshoreError('STORAGE_FULL', `The object store has no space left for ${what} (${name}).`, options)
  }
  return unavailable(failure, what)
}

/** Puts what ended a stream into the store's terms. The caller does not know that it was sent as an upload, and can only send it again. */
export function streamFailure(failure: unknown, ref: ObjectRef): LongshoreError {
  if (faultOf(failure).name !== 'NoSuchUpload') return storeFailure(failure, ref)
  const detail = `The object store has dropped the parts of ${formatObjectUri(ref)} before it was whole. Send it again.`
  return new LongshoreError('STORE_UNAVAILABLE', detail, { cause: failure })
}

function unavailable(failure: unknown, what: string): LongshoreError {
  const { name, status } = faultOf(failure)
  if (status === 401 || status === 403) return refused(failure, what)
  const retryable = status === undefined || status < 300 || status >= 500 || status === 429 || BUSY.has(name)
  const code = status === undefined ? (systemCodeOf(failure) ?? name) : `${status} ${name}`
  const detail = `The object store did not serve ${what}: ${code}, ${wordOf(failure) || 'no further word'}.`
  return new LongshoreError('STORE_UNAVAILABLE', detail, { cause: failure, retryable })
}

function refused(failure: unknown, what: string): LongshoreError {
  const { name } = faultOf(failure)
  const detail =
    `The object store refused access to ${what} (${name}: ${wordOf(failure)}). ` +
    'Check S3_ACCESS_KEY, S3_SECRET_KEY and what they may do with the bucket.'
  return new LongshoreError('STORE_UNAVAILABLE', detail, { cause: failure, retryable: BUSY.has(name) })
}

/** What was said, without its full stop and line breaks: it stands amid a sentence. */
export function wordOf(failure: unknown): string {
  return messageOf(failure).trim().replace(/\.$/, '').replaceAll(/\s+/g, ' ')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
