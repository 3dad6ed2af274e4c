import { createHash, timingSafeEqual } from 'node:crypto'
import type { onRequestHookHandler } from 'fastify'
import { LongshoreError } from '../base/errors.ts'

/** What marks an entry of `API_KEYS` as the SHA-256 of a key, so that the configuration need not hold the key itself. */
const HASHED = 'sha256:'

/** The entry of `API_KEYS` that lets a key in without being the key. */
export function hashedEntry(key: string): string {
  return `${HASHED}${digest(key).toString('hex')}`
}

/**
 * Lets in who sends one of the keys as `Authorization: Bearer …`; an entry is a key or its hash. Keys are held and compared
 * as digests of equal length, all of them every time, so that the time taken tells nothing. Undefined when there are no keys.
 */
export function requireKey(keys: readonly string[]): onRequestHookHandler | undefined {
  if (keys.length === 0) return undefined
  const digests = keys.map(digestOfEntry)
  return (request, _reply, done) => {
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given === undefined) return done(refused('Send an API key as `Authorization: Bearer <key>`.'))
    const presented = digest(given)
    let known = false
    for (const each of digests) known = timingSafeEqual(each, presented) || known
    return known ? done() : done(refused('The API key is not known.'))
  }
}

function digestOfEntry(entry: string): Buffer {
  return entry.startsWith(HASHED) ? Buffer.from(entry.slice(HASHED.length), 'hex') : digest(entry)
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

function refused(detail: string): LongshoreError {
  return new LongshoreError('UNAUTHENTICATED', detail)
}
