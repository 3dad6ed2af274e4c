import { DownloadError, LongshoreError } from '../errors.ts'

/** An object that cannot be downloaded, and why. */
export function downloadFault(code: string, uri: string, why: string): DownloadError {
  return new DownloadError({ code, message: `${quoted(uri)} cannot be downloaded: ${why}`, uri })
}

/** A failure of the file system at a path: code `DISK_FULL`, or `CANNOT_WRITE` with the system's own words. */
export function diskFault(uri: string, path: string, cause: unknown): DownloadError {
  const full = FULL_CODES.has(codeOf(cause) ?? '')
  const why = full ? 'the disk is full' : cause instanceof Error ? cause.message : String(cause)
  const message = `${quoted(uri)} cannot be written to ${path}: ${why}`
  return new DownloadError({ code: full ? 'DISK_FULL' : 'CANNOT_WRITE', message, uri, path, cause })
}

const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** Any failure of one download as what its caller is promised. */
export function asDownloadError(uri: string, path: string, cause: unknown): DownloadError {
  if (cause instanceof DownloadError) return cause
  if (!(cause instanceof LongshoreError)) return diskFault(uri, path, cause)
  const { code, retryable, jobId } = cause
  const message = `${quoted(uri)} cannot be downloaded: ${cause.message}`
  return new DownloadError({ code, message, retryable, jobId, uri, path, cause })
}

/** In quotes, so that no control character of a stranger's key reaches a terminal. */
export function quoted(uri: string): string {
  return JSON.stringify(uri.length > 200 ? `${uri.slice(0, 200)}…` : uri)
}

/** What the system calls a failure, e.g. `ENOSPC`. */
export function codeOf(failure: unknown): string | undefined {
  const code = failure instanceof Error && 'code' in failure ? failure.code : undefined
  return typeof code === 'string' ? code : undefined
}
