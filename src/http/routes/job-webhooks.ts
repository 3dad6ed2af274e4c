import { JobPath } from '../../contract/job.ts'
import { DeliveryPath, Delivery as DeliverySchema, JobWebhooks } from '../../contract/webhook.ts'
import { describe, json, type Routes, routeOf } from '../room.ts'
import { viewDelivery } from '../webhook-view.ts'

/** What was told of a job's end, and telling it again. */
export const jobWebhooks: Routes = (app, room) => {
  app.route({
    ...routeOf('jobWebhooks', room),
    schema: describe('jobWebhooks', {
      params: JobPath,
      response: { 200: json('The deliveries, newest first', JobWebhooks) },
    }),
    handler: async (request) => {
      const { job_id } = request.params
      return { job_id, deliveries: (await room.webhooks.list(job_id)).map(viewDelivery) }
    },
  })

  app.route({
    ...routeOf('resendWebhook', room),
    schema: describe('resendWebhook', {
      params: DeliveryPath,
      response: { 202: json('The delivery; it is sent at once, with the same `webhook-id`', DeliverySchema) },
    }),
    handler: async (request, reply) => {
      const { job_id, delivery_id } = request.params
      return reply.code(202).send(viewDelivery(await room.webhooks.resend(job_id, delivery_id)))
    },
  })
}
