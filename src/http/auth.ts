import { createHash, timingSafeEqual } from 'node:crypto'
import type { onRequestHookHandler } from 'fastify'
import { LongshoreError } from '../base/errors.ts'

/**
 * Lets in who sends one of the keys as `Authorization: Bearer …`. Keys are held and compared as digests of equal length,
 * all of them every time, so that the time taken tells nothing. Undefined when there are no keys.
 */
export function requireKey(keys: readonly string[]): onRequestHookHandler | undefined {
  if (keys.length === 0) return undefined
  const digests = keys.map(digest)
  return (request, _reply, done) => {
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given === undefined) return done(refused('Send an API key as `Authorization: Bearer <key>`.'))
    const presented = digest(given)
    let known = false
    for (const each of digests) known = timingSafeEqual(each, presented) || known
    return known ? done() : done(refused('The API key is not known.'))
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

function refused(detail: string): LongshoreError {
  return new LongshoreError('UNAUTHENTICATED', detail)
}
