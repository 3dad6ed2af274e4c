import { LongshoreError } from '../base/errors.ts'

/** Where one object lies, in every store alike. */
export interface ObjectRef {
  bucket: string
  key: string
}

const SCHEME = 's3://'

/** The length limit of a key in S3, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024

/** Bucket names as S3 allows them: 3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** `s3://bucket/key` with the key as it is: nothing in it is escaped, so every key has exactly one URI. */
export function formatObjectUri(ref: ObjectRef): string {
  return `s3://${ref.bucket}/${ref.key}`
}

/** Reads `s3://bucket/key`; throws `INVALID_URI` that quotes the URI and says what was expected. */
export function parseObjectUri(uri: string): ObjectRef {
  const slash = uri.indexOf('/', SCHEME.length)
  if (!uri.startsWith(SCHEME) || slash === -1 || slash === uri.length - 1)
    throw invalid(uri, 'expected s3://bucket/key')
  const [bucket, key] = [uri.slice(SCHEME.length, slash), uri.slice(slash + 1)]
  if (!isBucketName(bucket)) throw invalid(uri, `"${bucket}" is not a bucket name`)
  if (!key.isWellFormed()) throw invalid(uri, 'the key is not valid Unicode')
  if (key.includes('\0')) throw invalid(uri, 'the key holds a NUL character')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw invalid(uri, `the key is longer than ${MAX_KEY_BYTES} bytes`)
  return { bucket, key }
}

/** Begins the keys of all that lies below a prefix for one job; ends with a slash. */
export function jobFolder(prefix: string, jobId: string): string {
  return `${prefix}/${jobId}/`
}

/** Throws `INVALID_URI` when no object can lie there, e.g. for an empty key or one longer than {@link MAX_KEY_BYTES}. */
export function checkObjectRef(ref: ObjectRef): void {
  const uri = formatObjectUri(ref)
  if (parseObjectUri(uri).bucket !== ref.bucket) throw invalid(uri, `"${ref.bucket}" is not a bucket name`)
}

/** Whether S3 would accept the name for a bucket. */
export function isBucketName(name: string): boolean {
  return BUCKET_NAME.test(name) && !name.includes('..')
}

function invalid(uri: string, why: string): LongshoreError {
  const shown = uri.length > 200 ? `${uri.slice(0, 200)}…` : uri
  return new LongshoreError('INVALID_URI', `The URI ${JSON.stringify(shown)} cannot be used: ${why}.`)
}
