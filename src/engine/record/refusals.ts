import { LongshoreError } from '../../base/errors.ts'

/** How long a client should wait before it submits to a full queue again. */
const QUEUE_FULL_RETRY_MS = 5_000

/** How long a client should wait before it opens another ingest. */
const TOO_MANY_INGESTS_RETRY_MS = 30_000

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
    { retryAfterMs: QUEUE_FULL_RETRY_MS },
  )
}

/** @param first what the key was used for, e.g. "job 0198…" */
export function reusedKey(first: string): LongshoreError {
  return new LongshoreError(
    'IDEMPOTENCY_KEY_REUSED',
    `The Idempotency-Key was used for ${first} with another request. Use a new key for a new request.`,
  )
}

/** The same of one tenant's ingests. */
export function tooManyTenantIngests(tenant: string, maxOpen: number): LongshoreError {
  return new LongshoreError(
    'TOO_MANY_INGESTS',
    `${maxOpen} ingests of tenant ${tenant} are open, which is its limit. Complete or abort some, or try again later.`,
    { retryAfterMs: TOO_MANY_INGESTS_RETRY_MS },
  )
}

export function tooManyIngests(open: number, maxOpen: number): LongshoreError {
  return new LongshoreError(
    'TOO_MANY_INGESTS',
    `${open} ingests are open, the limit (MAX_OPEN_INGESTS) is ${maxOpen}. Complete or abort some, or try again later.`,
    { retryAfterMs: TOO_MANY_INGESTS_RETRY_MS },
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
