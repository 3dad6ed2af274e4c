import { LongshoreError } from '../base/errors.ts'
import type { Delivery, DeliveryRecords } from '../engine/delivery-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import { webhooksOff } from './callback-url.ts'

/** What looking at deliveries stands on. */
export interface WebhooksParts {
  jobs: Pick<JobManager, 'get'>
  records: Pick<DeliveryRecords, 'list' | 'resend'>
  /** Whether the service sends any. */
  isOn: boolean
}

/** What people see of deliveries, and may do to them. */
export class Webhooks {
  readonly #parts: WebhooksParts

  constructor(parts: WebhooksParts) {
    this.#parts = parts
  }

  /** The deliveries of a job, newest first; throws `JOB_NOT_FOUND`. */
  async list(jobId: string): Promise<Delivery[]> {
    const { id } = await this.#parts.jobs.get(jobId)
    return this.#parts.records.list(id)
  }

  /** Sends a delivery once more, at once, whatever became of it. Throws `JOB_NOT_FOUND`, `DELIVERY_NOT_FOUND`, `WEBHOOKS_OFF`. */
  async resend(jobId: string, deliveryId: string): Promise<Delivery> {
    const { jobs, records, isOn } = this.#parts
    const { id } = await jobs.get(jobId)
    if (!isOn) throw webhooksOff()
    const delivery = await records.resend(id, deliveryId)
    if (delivery) return delivery
    throw new LongshoreError(
      'DELIVERY_NOT_FOUND',
      `Job ${id} has no delivery ${deliveryId}. GET /jobs/${id}/webhooks lists those it has.`,
    )
  }
}
