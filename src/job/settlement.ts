import type { JobEventType } from './event.ts'
import type { AttemptError, Job, JobState, JsonValue, OutputObject } from './job.ts'
import { backoffMs, type RetryPolicy } from './retry-policy.ts'

/** What an attempt came to. */
export type Outcome =
  | { type: 'completed'; result: JsonValue; outputs: readonly OutputObject[] }
  | { type: 'failed'; code: string; message: string; retryable: boolean }
  | { type: 'cancelled' }
  | { type: 'snoozed'; delayMs: number }
  /** A stop took the worker away. */
  | { type: 'interrupted' }
  /** The lease ran out: the worker is dead or cut off. */
  | { type: 'expired' }

/** How an outcome changes the job: what settling writes. */
export interface Settlement {
  event: JobEventType
  state: JobState
  /** When a requeued job is due. */
  runAt?: number
  /** The attempt is taken back: it will have the same number when it runs again. */
  refundAttempt: boolean
  result?: JsonValue
  outputs?: readonly OutputObject[]
  /** Joins the list of the job's attempt errors; its message becomes `job.error` when the job failed. */
  error?: AttemptError
}

/** Where chance and time enter a decision. */
export interface Circumstances {
  now: number
  /** A number in [0, 1). */
  random: number
  policy: RetryPolicy
}

/** The whole policy of how attempts end, as a pure function. A requested cancel wins over everything but completion. */
export function settle(job: Job, outcome: Outcome, circumstances: Circumstances): Settlement {
  const cancelling = job.cancelRequestedAt !== null
  switch (outcome.type) {
    case 'completed':
      return {
        event: 'job.completed',
        state: 'completed',
        refundAttempt: false,
        result: outcome.result,
        outputs: outcome.outputs,
      }
    case 'cancelled':
      return CANCELLED
    case 'snoozed':
      return cancelling ? CANCELLED : requeue('job.snoozed', laterBy(outcome.delayMs, circumstances.now), true)
    case 'interrupted':
      return cancelling ? CANCELLED : requeue('job.interrupted', circumstances.now, true)
    case 'failed':
      return cancelling ? CANCELLED : settleFailure(job, outcome, 'job.retried', circumstances)
    case 'expired':
      return cancelling ? CANCELLED : settleFailure(job, WORKER_DIED, 'job.rescued', circumstances)
  }
}

const CANCELLED: Settlement = { event: 'job.cancelled', state: 'cancelled', refundAttempt: false }

const WORKER_DIED = {
  code: 'WORKER_DIED',
  message: 'The worker died or lost its connection during the attempt.',
  retryable: true,
}

/** The last instant that a date can be (ECMA-262, time values). */
const LAST_INSTANT = 8.64e15

/** An instant is a whole number of ms that a date can hold, whatever a processor made of its delay. */
function laterBy(delayMs: number, now: number): number {
  return Math.min(Math.ceil(now + delayMs), LAST_INSTANT)
}

function requeue(event: JobEventType, runAt: number, refundAttempt: boolean): Settlement {
  return { event, state: 'queued', runAt, refundAttempt }
}

function settleFailure(
  job: Job,
  failure: { code: string; message: string; retryable: boolean },
  retryEvent: JobEventType,
  { now, random, policy }: Circumstances,
): Settlement {
  const error: AttemptError = { attempt: job.attempt, code: failure.code, message: failure.message, at: now }
  const spent = job.attempt - job.attemptBase
  if (!failure.retryable || spent >= job.maxAttempts) {
    return { event: 'job.failed', state: 'failed', refundAttempt: false, error }
  }
  const delayMs = retryEvent === 'job.rescued' ? 0 : backoffMs(policy, spent, random)
  return { ...requeue(retryEvent, now + delayMs, false), error }
}
