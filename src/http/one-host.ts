import { LongshoreError } from '../base/errors.ts'
import type { Guard } from './guard.ts'

/** Refuses what names no host, which Node would do without a problem, or two: a proxy may have believed the other one (RFC 9112 §3.2). */
export const oneHost: Guard = ({ raw }) => {
  const hosts = countHosts(raw.rawHeaders)
  if (hosts === 1 || (hosts === 0 && raw.httpVersion === '1.0')) return undefined
  return new LongshoreError('MALFORMED_REQUEST', 'HTTP/1.1 requests need one Host header.')
}

/** Node drops the second one from its `headers`. Names are at even places. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count
}
