import type { JobEvent } from '../../job/event.ts'
import { isFinal, type Job } from '../../job/job.ts'
import { DELIVERY_PERIOD_MS, hostOf } from '../delivery-records.ts'

/** Writes what a receiver is told of a job's end. */
export type DescribeEnd = (event: JobEvent, job: Job) => string

/** A delivery as it is first stored. */
export interface NewDelivery {
  id: string
  type: JobEvent['type']
  url: string
  host: string
  body: string
  createdAt: number
  expiresAt: number
}

/**
 * What is to be told of an event; undefined unless it ended a job that asked for it. The id is made of the fact, so that it
 * is the same however often a settlement is decided; it has no dot, which Standard Webhooks keeps for what it signs.
 */
export function newDelivery(event: JobEvent, job: Job, describe: DescribeEnd | undefined): NewDelivery | undefined {
  if (describe === undefined || !isDeliverable(event, job)) return undefined
  const url = job.callbackUrl ?? ''
  return {
    id: `${job.id}-${event.seq}`,
    type: event.type,
    url,
    host: hostOf(url),
    body: describe(event, job),
    createdAt: event.at,
    expiresAt: event.at + DELIVERY_PERIOD_MS,
  }
}

/** Whether somebody is to be told of an event. */
export function isDeliverable({ state }: JobEvent, { callbackUrl }: Job): boolean {
  return callbackUrl !== null && isFinal(state)
}
