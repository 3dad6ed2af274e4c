import { createHmac, timingSafeEqual } from 'node:crypto'
import { LongshoreError } from '../base/errors.ts'

/** Keeps tokens apart from all else that the same secret signs. */
const PURPOSE = 'longshore read token'

/** `lst_`, the second it ends in base 36, a dot, an HMAC: nothing of it needs escaping in a URL. */
const FORM = /^lst_([0-9a-z]{1,8})\.([\w-]{43})$/

/** The token that lets its bearer read one job until `expiresAt` (ms since 1970), which is rounded up to a whole second. */
export function signReadToken(secret: string, jobId: string, expiresAt: number): string {
  const end = Math.ceil(expiresAt / 1000).toString(36)
  return `lst_${end}.${signatureOf(secret, jobId, end).toString('base64url')}`
}

/** When a token ends, in ms since 1970. Throws `UNAUTHENTICATED` for one that is not of this job, or has ended. */
export function verifyReadToken(secret: string, jobId: string, token: unknown, now: number): number {
  const [, end = '', signature = ''] = (typeof token === 'string' && FORM.exec(token)) || []
  const given = Buffer.from(signature, 'base64url')
  const expected = signatureOf(secret, jobId, end)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new LongshoreError('UNAUTHENTICATED', 'The read token is not one of this job.')
  }
  const expiresAt = Number.parseInt(end, 36) * 1000
  if (now < expiresAt) return expiresAt
  throw new LongshoreError('UNAUTHENTICATED', 'The read token has expired; ask for a new one.')
}

function signatureOf(secret: string, jobId: string, end: string): Buffer {
  return createHmac('sha256', secret)
    .update(JSON.stringify([PURPOSE, jobId, end]))
    .digest()
}
