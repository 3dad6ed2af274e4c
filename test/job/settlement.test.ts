import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { freshJob } from '../../src/engine/record/fresh-job.ts'
import type { Job } from '../../src/job/job.ts'
import { DEFAULT_RETRY_POLICY } from '../../src/job/retry-policy.ts'
import { type Outcome, settle } from '../../src/job/settlement.ts'
import { mayHappen, TRANSITIONS } from '../../src/job/transitions.ts'
import { newJob } from '../support/new-job.ts'

const NOW = 1_800_000_000_000

function processing(wishes: Partial<Job> = {}): Job {
  return { ...freshJob(newJob(NOW)), state: 'processing', attempt: 1, token: 1, ...wishes }
}

const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ type: 'completed', result: 1, outputs: [] }),
  fc
    .tuple(fc.boolean(), fc.string())
    .map(([retryable, message]): Outcome => ({ type: 'failed', code: 'X', message, retryable })),
  fc.constant<Outcome>({ type: 'cancelled' }),
  fc.nat(1e6).map((delayMs): Outcome => ({ type: 'snoozed', delayMs })),
  fc.constantFrom<Outcome>({ type: 'interrupted' }, { type: 'expired' }),
)

const jobs = fc
  .record({
    attempt: fc.integer({ min: 1, max: 12 }),
    before: fc.nat(11),
    maxAttempts: fc.integer({ min: 1, max: 5 }),
    cancelling: fc.boolean(),
  })
  .map(({ attempt, before, maxAttempts, cancelling }) =>
    processing({
      attempt,
      attemptBase: Math.min(before, attempt - 1),
      maxAttempts,
      cancelRequestedAt: cancelling ? NOW : null,
    }),
  )

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('whatever an attempt came to', () => {
  const holds = (claim: (job: Job, outcome: Outcome, settlement: ReturnType<typeof settle>) => void): void =>
    fc.assert(
      fc.property(jobs, outcomes, chance, (job, outcome, random) =>
        claim(job, outcome, settle(job, outcome, { now: NOW, random, policy: DEFAULT_RETRY_POLICY })),
      ),
      { numRuns: 500 },
    )

  test('the move is legal and ends in the state its event tells', () => {
    holds((_job, _outcome, { event, state }) => {
      assert.ok(mayHappen(event, 'processing'))
      assert.equal(TRANSITIONS[event].to, state)
    })
  })

  test('a requested cancel wins over everything but completion', () => {
    holds((job, outcome, { state }) => {
      if (job.cancelRequestedAt === null) return
      assert.equal(state, outcome.type === 'completed' ? 'completed' : 'cancelled')
    })
  })

  test('a job is queued again exactly when it says when, and never in the past', () => {
    holds((_job, _outcome, { state, runAt }) => {
      assert.equal(state === 'queued', runAt !== undefined)
      assert.ok(runAt === undefined || runAt >= NOW)
    })
  })

  test('only a snooze and an interruption take the attempt back', () => {
    holds((job, outcome, { refundAttempt }) => {
      const isFree = outcome.type === 'snoozed' || outcome.type === 'interrupted'
      assert.equal(refundAttempt, isFree && job.cancelRequestedAt === null)
    })
  })

  test('a failed job has an error, and has spent its attempts or cannot be mended', () => {
    holds((job, outcome, { state, error }) => {
      if (state !== 'failed') return
      assert.equal(error?.attempt, job.attempt)
      const isForGood = outcome.type === 'failed' && !outcome.retryable
      assert.ok(isForGood || job.attempt - job.attemptBase >= job.maxAttempts)
    })
  })
})

test('attempts before a requeue by a person do not count', () => {
  const job = processing({ attempt: 4, attemptBase: 3, maxAttempts: 2 })
  const failed: Outcome = { type: 'failed', code: 'X', message: 'm', retryable: true }
  const settlement = settle(job, failed, { now: NOW, random: 0.5, policy: DEFAULT_RETRY_POLICY })
  assert.deepEqual([settlement.state, settlement.runAt], ['queued', NOW + 5_000])
})

test('a rescued job is due at once', () => {
  const settlement = settle(processing(), { type: 'expired' }, { now: NOW, random: 0.9, policy: DEFAULT_RETRY_POLICY })
  assert.deepEqual([settlement.event, settlement.runAt, settlement.error?.code], ['job.rescued', NOW, 'WORKER_DIED'])
})

test('a snoozed job is due at an instant that a date can hold, whatever the delay', () => {
  for (const delayMs of [0.3, 1e300, Number.MAX_VALUE]) {
    const circumstances = { now: NOW, random: 0, policy: DEFAULT_RETRY_POLICY }
    const { runAt } = settle(processing(), { type: 'snoozed', delayMs }, circumstances)
    assert.ok(Number.isInteger(runAt) && Number.isFinite(new Date(runAt ?? Number.NaN).getTime()), String(delayMs))
  }
})
