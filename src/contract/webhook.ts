import { z } from 'zod'
import { Timestamp } from './job.ts'

/** One try of a delivery. */
const DeliveryAttempt = z.object({
  at: Timestamp,
  duration_ms: z.int(),
  http_status: z.int().nullable().describe('What the receiver answered; null when it did not'),
  error: z.string().nullable().describe('What was wrong; null when it was delivered'),
})

/** What is told of one end of a job, and how that went. */
export const Delivery = z
  .object({
    delivery_id: z.string().describe('The `webhook-id` of every try'),
    type: z.string().describe('`job.completed`, `job.failed` or `job.cancelled`'),
    url: z.string().describe('Without its query, which may hold a secret'),
    status: z.enum(['pending', 'sending', 'delivered', 'failed']),
    created_at: Timestamp,
    next_at: Timestamp.nullable().describe('When it is tried next, while it is pending'),
    expires_at: Timestamp.describe('After this instant it is tried no more'),
    attempt: z.int().describe('Tries so far'),
    attempts: z.array(DeliveryAttempt).describe('The newest 100 tries, oldest first'),
  })
  .meta({ id: 'Delivery' })

/** `GET /jobs/{id}/webhooks`. */
export const JobWebhooks = z.object({ job_id: z.uuid(), deliveries: z.array(Delivery) })

/** The path of one delivery of a job. */
export const DeliveryPath = z.object({ job_id: z.string(), delivery_id: z.string() })
