import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import type { AttemptChanges } from '../../src/engine/job-engine.ts'
import { freshJob } from '../../src/engine/record/fresh-job.ts'
import type { Lease } from '../../src/job/job.ts'
import type { Outcome } from '../../src/job/settlement.ts'
import { settleUntilDone } from '../../src/worker/settle-until-done.ts'
import { ImpatientClock } from '../support/impatient-clock.ts'
import { newJob } from '../support/new-job.ts'

const LEASE: Lease = { jobId: 'job', attempt: 1, token: 1, worker: 'w', expiresAt: 0 }
const COMPLETED: Outcome = { type: 'completed', result: 1, outputs: [] }
const CHANGES: AttemptChanges = { progress: { stage: 'completed' }, markDownloadedDone: true }

function setUp(refuse: (outcome: Outcome, changes: AttemptChanges, time: number) => unknown) {
  const written: { outcome: Outcome; changes: AttemptChanges }[] = []
  const clock = new ImpatientClock()
  const giveUp = new AbortController()
  const jobs = {
    settle: async (_lease: Lease, outcome: Outcome, changes: AttemptChanges = {}) => {
      written.push({ outcome, changes })
      const refusal = refuse(outcome, changes, written.length)
      if (refusal !== undefined) throw refusal
      return freshJob(newJob(0))
    },
  }
  const settling = settleUntilDone({ jobs, clock, onError: () => {}, giveUp: giveUp.signal }, LEASE, COMPLETED, CHANGES)
  return { written, clock, giveUp, settling }
}

test('a verdict waits for the disk to have room again, and is written as it was', async () => {
  const full = new LongshoreError('STORAGE_FULL', 'full')
  const { written, clock, settling } = setUp((_outcome, _changes, time) => (time < 4 ? full : undefined))
  assert.ok(await settling)
  assert.deepEqual(written.at(-1), { outcome: COMPLETED, changes: CHANGES })
  assert.deepEqual(clock.delays, [1000, 1000, 1000])
})

test('details that the engine refuses are left out, so that the verdict is written', async () => {
  const { written, clock, settling } = setUp((_outcome, { progress }) => progress && new TypeError('no BigInt'))
  assert.ok(await settling)
  assert.deepEqual(written.at(-1), { outcome: COMPLETED, changes: { markDownloadedDone: true } })
  assert.deepEqual(clock.delays, [])
})

test('an outcome that the engine refuses becomes a failure that says so', async () => {
  const { written, settling } = setUp(({ type }) => (type === 'completed' ? new TypeError('too long') : undefined))
  assert.ok(await settling)
  const { outcome } = written.at(-1) ?? {}
  assert.ok(outcome?.type === 'failed' && outcome.code === 'INTERNAL' && /too long/.test(outcome.message))
})

test('a worker that gives up ends the waiting', async () => {
  const { giveUp, settling } = setUp(() => {
    giveUp.abort(new Error('stopped'))
    return new LongshoreError('STORAGE_FULL', 'full')
  })
  await assert.rejects(settling, /stopped/)
})
