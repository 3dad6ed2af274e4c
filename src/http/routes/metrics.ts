import { LongshoreError } from '../../base/errors.ts'
import { describe, type Routes, routeOf, text } from '../room.ts'

/** Figures of the whole service would tell a tenant of all others. */
const OF_ALL =
  'The metrics are those of all tenants: they need a key without a tenant. GET /stats tells of your own jobs.'

/** What the service measures of itself, for Prometheus. */
export const metricsRoute: Routes = (app, room) => {
  const { metrics } = room
  app.route({
    ...routeOf('metrics', room),
    schema: describe('metrics', { response: { 200: text('Metrics in the text format of Prometheus') } }),
    handler: async (request, reply) => {
      const { tenant } = room.callerOf(request)
      if (tenant !== null) throw new LongshoreError('FORBIDDEN', OF_ALL)
      if (metrics === undefined) throw new LongshoreError('ROUTE_NOT_FOUND', 'Metrics are off (METRICS=false).')
      return reply
        .header('cache-control', 'no-store')
        .type(metrics.contentType)
        .send(await metrics.render())
    },
  })
}
