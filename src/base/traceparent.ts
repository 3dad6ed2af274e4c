/** Which span something belongs to: the three values of W3C Trace Context's `traceparent`. */
export interface SpanIdentity {
  /** 32 digits, lower-case hex. */
  traceId: string
  /** 16 digits, lower-case hex. */
  spanId: string
  /** 1 when the trace is recorded. */
  traceFlags: number
}

/** Version 00, and later versions that only add to its end (https://www.w3.org/TR/trace-context/#versioning-of-traceparent). */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[\w-]{1,100})?$/

/** Reads a `traceparent`; undefined for anything that is none. */
export function parseTraceparent(text: unknown): SpanIdentity | undefined {
  const found = typeof text === 'string' ? TRACEPARENT.exec(text) : null
  if (found === null) return undefined
  const [, traceId = '', spanId = '', flags = ''] = found
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1 }
}

/** The `traceparent` of a span, in version 00. */
export function formatTraceparent({ traceId, spanId, traceFlags }: SpanIdentity): string {
  return `00-${traceId}-${spanId}-${traceFlags & 1 ? '01' : '00'}`
}

/** The trace that a `traceparent` names, for a line of the log; undefined when there is none. */
export function traceIdOf(traceparent: string | null): string | undefined {
  return parseTraceparent(traceparent)?.traceId
}
