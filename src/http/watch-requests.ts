import type { FastifyInstance } from 'fastify'
import type { Facts } from '../telemetry/facts.ts'

/** Methods that routes take; any other is one label together. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])

/** Tells of every answer under the pattern of its route: paths hold ids, and a label must not. */
export function watchRequests(app: FastifyInstance, facts: Facts): void {
  app.addHook('onResponse', (request, reply, done) => {
    facts.tell({
      type: 'request.answered',
      method: METHODS.has(request.method) ? request.method : 'other',
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    })
    done()
  })
}
