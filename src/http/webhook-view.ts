import type { z } from 'zod'
import type * as contract from '../contract/webhook.ts'
import type { Delivery } from '../engine/delivery-records.ts'
import { withoutQuery } from '../job/callback-url.ts'
import type { JobEvent } from '../job/event.ts'
import type { Job } from '../job/job.ts'
import { timestamp, viewJob } from './job-view.ts'

/** A delivery as its readers see it. */
export function viewDelivery(delivery: Delivery): z.output<typeof contract.Delivery> {
  return {
    delivery_id: delivery.id,
    type: delivery.type,
    url: withoutQuery(delivery.url),
    status: delivery.state,
    created_at: timestamp(delivery.createdAt),
    next_at: delivery.nextAt === null ? null : timestamp(delivery.nextAt),
    expires_at: timestamp(delivery.expiresAt),
    attempt: delivery.attempt,
    attempts: delivery.attempts.map(({ at, durationMs, status, error }) => ({
      at: timestamp(at),
      duration_ms: durationMs,
      http_status: status,
      error,
    })),
  }
}

/** Writes what a receiver is told: the event, and the job as `GET /jobs/{id}` shows it at that moment. */
export function endViewer(basePath: string): (event: JobEvent, job: Job) => string {
  return (event, job) =>
    JSON.stringify({ type: event.type, timestamp: timestamp(event.at), data: viewJob(job, event.at, basePath) })
}
