import { LongshoreError } from '../../base/errors.ts'
import { describe, type Routes, routeOf, text } from '../room.ts'

/** What the service measures of itself, for Prometheus. */
export const metricsRoute: Routes = (app, room) => {
  const { metrics } = room
  app.route({
    ...routeOf('metrics', room),
    schema: describe('metrics', { response: { 200: text('Metrics in the text format of Prometheus') } }),
    handler: async (_request, reply) => {
      if (metrics === undefined) throw new LongshoreError('ROUTE_NOT_FOUND', 'Metrics are off (METRICS=false).')
      return reply
        .header('cache-control', 'no-store')
        .type(metrics.contentType)
        .send(await metrics.render())
    },
  })
}
