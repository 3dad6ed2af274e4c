import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseTraceparent } from '../base/traceparent.ts'

/** What a client may send as `X-Request-Id` and find in logs and problems. */
const ACCEPTED = /^[\w.:/+=@-]{1,128}$/

/** Makes request ids: the client's own when it is a plain word, else one of this process. A counter is 20 times cheaper than a UUID. */
export function requestIds(): (request: IncomingMessage) => string {
  const process = randomBytes(6).toString('base64url')
  let count = 0
  return (request) => {
    const given = request.headers['x-request-id']
    return typeof given === 'string' && ACCEPTED.test(given) ? given : `${process}-${(++count).toString(36)}`
  }
}

/** Says on an answer under which id it is known, and which trace its caller told. */
export function echoIds(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  const { traceparent } = request.headers
  if (traceparent !== undefined && parseTraceparent(traceparent)) reply.header('traceparent', traceparent)
}
