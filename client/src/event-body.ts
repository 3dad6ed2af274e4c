import { ApiError } from './errors.ts'

/** The service sends at least a comment every 15 s: a stream that is silent three times as long is broken. */
export const SILENCE_MS = 45_000

/** What one event may have: its memory is ours. Progress, the largest thing in one, is kept to 16 KiB by the service. */
export const MAX_EVENT_CHARS = 4 * 1024 * 1024

/** The body of an answer that is a stream of events; null when there will be no more of them. */
export async function bodyOfStream({
  status,
  headers,
  url,
  body,
}: Response): Promise<ReadableStream<Uint8Array> | null> {
  if (status === 204) return null
  if (body !== null && headers.get('content-type')?.startsWith('text/event-stream')) return body
  const message = `${new URL(url).origin} did not answer with a stream of events: what stands between may not let one pass`
  throw new ApiError({ code: 'UNEXPECTED_ANSWER', message, status })
}
