import { LongshoreError } from '../../base/errors.ts'

/** How long a client should wait before it submits to a full queue again. */
const QUEUE_FULL_RETRY_MS = 5_000

/** A client that met too many ingests is not asked to come back sooner, or later, in ms: others may end theirs before they expire. */
const SOONEST_INGEST_MS = 1_000
const LATEST_INGEST_MS = 300_000

/** @param inMs until the first of the open ingests expires */
function ingestRetryMs(inMs: number): number {
  return Math.min(LATEST_INGEST_MS, Math.max(SOONEST_INGEST_MS, inMs))
}

export function queueFull(queued: number, maxQueued: number): LongshoreError {
  return new LongshoreError(
    'QUEUE_FULL',
    `${queued} jobs are waiting, the limit (MAX_QUEUED_JOBS) is ${maxQueued}. Try again later.`,
    { retryAfterMs: QUEUE_FULL_RETRY_MS },
  )
}

/** The same of one tenant's jobs. */
export function tenantQueueFull(tenant: string, maxQueued: number): LongshoreError {
  return new LongshoreError(
    'QUEUE_FULL',
    `${maxQueued} jobs of tenant ${tenant} are waiting, which is its limit. Try again later.`,
    { retryAfterMs: QUEUE_FULL_RETRY_MS, tenant },
  )
}

/** @param first what the key was used for, e.g. "job 0198…" */
export function reusedKey(first: string): LongshoreError {
  return new LongshoreError(
    'IDEMPOTENCY_KEY_REUSED',
    `The Idempotency-Key was used for ${first} with another request. Use a new key for a new request.`,
  )
}

export function tooManyIngests(open: number, maxOpen: number, inMs: number): LongshoreError {
  return new LongshoreError(
    'TOO_MANY_INGESTS',
    `${open} ingests are open, the limit (MAX_OPEN_INGESTS) is ${maxOpen}. Complete or abort some, or try again later.`,
    { retryAfterMs: ingestRetryMs(inMs) },
  )
}

/** The same of one tenant's ingests. */
export function tooManyTenantIngests(tenant: string, maxOpen: number, inMs: number): LongshoreError {
  return new LongshoreError(
    'TOO_MANY_INGESTS',
    `${maxOpen} ingests of tenant ${tenant} are open, which is its limit. Complete or abort some, or try again later.`,
    { retryAfterMs: ingestRetryMs(inMs) },
  )
}

/** Says that nothing was heard of an upload for so long that it was dropped, or may be. */
export function uploadDropped(): LongshoreError {
  return new LongshoreError(
    'ENGINE_UNAVAILABLE',
    'It could not be noted for a minute that this upload was under way, so it was dropped. Send it again.',
  )
}

export function tooManySchedules(max: number): LongshoreError {
  return new LongshoreError(
    'TOO_MANY_SCHEDULES',
    `There are as many schedules as may be: the limit (MAX_SCHEDULES) is ${max}. Delete some, or raise it.`,
  )
}

/** The same of one tenant's schedules. */
export function tooManyTenantSchedules(tenant: string, max: number): LongshoreError {
  return new LongshoreError(
    'TOO_MANY_SCHEDULES',
    `Tenant ${tenant} has ${max} schedules, which is its limit. Delete some, or have it raised.`,
  )
}
