import { Alive, Caller, Health, Readiness } from '../../contract/service.ts'
import { timestamp } from '../job-view.ts'
import { retryAfter } from '../problem.ts'
import { describe, json, type Routes, routeOf } from '../room.ts'

/** Health, liveness and readiness. */
export const serviceRoutes: Routes = (app, room) => {
  const health = { status: 'healthy', ...room.identity }
  for (const name of ['root', 'health'] as const) {
    app.route({
      ...routeOf(name, room),
      schema: describe(name, { response: { 200: json('The service is there', Health) } }),
      handler: (_request, reply) => reply.send(health),
    })
  }

  app.route({
    ...routeOf('whoami', room),
    schema: describe('whoami', { response: { 200: json('The key, by its name', Caller) } }),
    handler: async (request, reply) => {
      const { name, tenant, scopes, expiresAt } = room.callerOf(request)
      reply.header('cache-control', 'no-store')
      return { name, tenant, scopes, expires_at: expiresAt === null ? null : timestamp(expiresAt) }
    },
  })

  app.route({
    ...routeOf('alive', room),
    schema: describe('alive', { response: { 200: json('The process is alive', Alive) } }),
    handler: (_request, reply) => reply.send({ status: 'alive' }),
  })

  app.route({
    ...routeOf('ready', room),
    schema: describe('ready', {
      response: { 200: json('The service takes work', Readiness), 503: json('It does not, and why', Readiness) },
    }),
    handler: async (_request, reply) => {
      const reasons = await room.readiness()
      reply.header('cache-control', 'no-store')
      if (reasons.length === 0) return { status: 'ready', reasons }
      return reply.code(503).header('retry-after', retryAfter(undefined)).send({ status: 'not_ready', reasons })
    },
  })
}
