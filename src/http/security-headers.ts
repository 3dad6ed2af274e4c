import type { FastifyInstance } from 'fastify'

/** A year, in seconds. */
const TLS_SECONDS = 31_536_000

/**
 * What every answer says to browsers, unless a route says otherwise: run nothing of it, show it in no frame, guess no
 * type, tell no other site its address, which may hold a token.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Sets them on every answer; with TLS in front, browsers are told to stay with it. */
export function secureAnswers(app: FastifyInstance, publicUrl: string | undefined): void {
  const isSecure = publicUrl?.startsWith('https:') === true
  const headers = {
    ...SECURITY_HEADERS,
    ...(isSecure && { 'strict-transport-security': `max-age=${TLS_SECONDS}` }),
  }
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
