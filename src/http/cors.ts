import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** What a client may send beside what browsers always may. */
const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'If-Range',
  'Last-Event-ID',
  'Prefer',
  'Range',
  'Traceparent',
  'X-Request-Id',
]

/** What a page may read of an answer beside its body and what browsers always let it read. */
const ANSWER_HEADERS = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'Date',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'Preference-Applied',
  'Retry-After',
  'Traceparent',
  'WWW-Authenticate',
  'X-Request-Id',
]

/** How long a browser may remember what it was allowed, in seconds; Chromium takes no more. */
const REMEMBERED_SECONDS = 7200

/**
 * Lets pages of other origins use the service; `*` lets every page. Keys are sent as a header that a page must have, so
 * cookies and other credentials of the browser are never asked for. Another origin is answered as if this were not here.
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  const any = origins.includes('*')
  const known = new Set(origins)
  const options: FastifyCorsOptions = {
    origin: (origin, done) => {
      if (origin === undefined) done(null, false)
      else if (any) done(null, '*')
      else done(null, known.has(origin) && origin)
    },
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: ANSWER_HEADERS,
    maxAge: REMEMBERED_SECONDS,
    // Strictly, an OPTIONS that is no preflight would be refused in plain text instead of by a problem.
    strictPreflight: false,
  }
  app.register(cors, options)
}
