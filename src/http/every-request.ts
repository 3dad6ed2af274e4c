import type { FastifyInstance } from 'fastify'
import { oneHost } from './one-host.ts'
import { echoIds } from './request-id.ts'
import { securityHeaders } from './security-headers.ts'

/** What comes first with every request: what its answer says in any case, and that it names one host. */
export function meetRequests(app: FastifyInstance, publicUrl: string | undefined): void {
  const securityHeadersOf = securityHeaders(publicUrl)
  app.addHook('onRequest', (request, reply, done) => {
    echoIds(request, reply)
    reply.headers(securityHeadersOf(request.method))
    done(oneHost(request))
  })
}
