/** The longest a request is held, in seconds. */
const LONGEST_WAIT_SECONDS = 60

/** The seconds of `Prefer: wait=N` (RFC 7240), at most 60; undefined when there is no such preference. */
export function preferredWait(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header.join(',') : header
  const digits = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(text ?? '')?.[1]
  return digits === undefined ? undefined : Math.min(Number(digits), LONGEST_WAIT_SECONDS)
}
