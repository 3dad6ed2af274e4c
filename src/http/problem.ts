import type { LongshoreError } from '../base/errors.ts'
import type { Problem } from '../contract/problem.ts'

/** The media type of every error. */
const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** Faults listed in one problem: a body of wrong items may have a hundred thousand. */
const MAX_FAULTS = 100

/** Longest text of a problem: messages may quote what was sent. */
const MAX_TEXT = 2000

/** What a client should wait when the error does not say it, in seconds. */
const DEFAULT_RETRY_SECONDS = 5

/** The body of an error. The type is a URN: it names the row of the error table and needs no host to be up. */
export function problemOf(error: LongshoreError, requestId: string): Problem {
  return {
    type: `urn:longshore:error:${error.code}`,
    title: error.title,
    status: error.status,
    detail: shorten(error.message),
    code: error.code,
    ...(error.errors.length > 0 && { errors: error.errors.slice(0, MAX_FAULTS).map(shortenFault) }),
    retryable: error.retryable,
    request_id: requestId,
  }
}

/** The header fields that belong to an error. */
export function problemHeaders(error: LongshoreError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' }
  if (error.status === 429 || error.status === 503) headers['retry-after'] = retryAfter(error.retryAfterMs)
  if (error.status === 401) headers['www-authenticate'] = 'Bearer realm="longshore"'
  return headers
}

/** Milliseconds as whole seconds, at least one, for `Retry-After`. */
export function retryAfter(delayMs: number | undefined): string {
  return String(delayMs === undefined ? DEFAULT_RETRY_SECONDS : Math.max(1, Math.ceil(delayMs / 1000)))
}

function shortenFault(fault: { pointer: string; message: string }): { pointer: string; message: string } {
  return { pointer: shorten(fault.pointer), message: shorten(fault.message) }
}

function shorten(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}
