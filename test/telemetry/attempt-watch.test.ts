import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobState } from '../../src/job/job.ts'
import type { Outcome } from '../../src/job/settlement.ts'
import { AttemptWatch } from '../../src/telemetry/attempt-watch.ts'
import { type Fact, Facts, type Verdict } from '../../src/telemetry/facts.ts'

function watched(times = { runAt: 1_000, startedAt: 1_250 }) {
  const heard: Fact[] = []
  const facts = new Facts((thrown) => assert.ifError(thrown))
  facts.listen((fact) => heard.push(fact))
  return { heard, watch: new AttemptWatch({ ...times, traceparent: null }, facts) }
}

test('how long a job waited counts from when it was due', () => {
  assert.deepEqual(watched().heard, [{ type: 'stage.ended', stage: 'wait', durationMs: 250, bytes: 0 }])
})

test('a wait is never negative, whatever clocks say', () => {
  const [wait] = watched({ runAt: 2_000, startedAt: 1_000 }).heard
  assert.ok(wait?.type === 'stage.ended' && wait.durationMs === 0)
})

test('a stage is told as it begins and as it ends, with the bytes that came of it', async () => {
  const { heard, watch } = watched()
  const result = await watch.stage(
    'download',
    async () => ['ab', 'c'],
    (texts) => texts.join('').length,
  )
  assert.deepEqual(result, ['ab', 'c'])
  const [, began, ended] = heard
  assert.deepEqual(began, { type: 'stage.began', stage: 'download' })
  assert.ok(ended?.type === 'stage.ended' && ended.stage === 'download' && ended.bytes === 3 && ended.durationMs >= 0)
})

test('a stage that fails is told to have ended, and fails', async () => {
  const { heard, watch } = watched()
  await assert.rejects(
    watch.stage(
      'process',
      () => Promise.reject(new Error('broken')),
      () => 1,
    ),
    /broken/,
  )
  const last = heard.at(-1)
  assert.ok(last?.type === 'stage.ended' && last.stage === 'process' && last.bytes === 0)
})

const FAILED: Outcome = { type: 'failed', code: 'TIMEOUT', message: 'late', retryable: true }
const CASES: readonly [string, Outcome | undefined, JobState | undefined, Verdict][] = [
  ['a completed job', { type: 'completed', result: null, outputs: [] }, 'completed', 'completed'],
  ['a failure that is retried', FAILED, 'queued', 'failed'],
  ['a failure for good', FAILED, 'failed', 'failed'],
  ['a failure after a cancel was asked for', FAILED, 'cancelled', 'cancelled'],
  ['a snooze', { type: 'snoozed', delayMs: 1 }, 'queued', 'snoozed'],
  ['an interruption', { type: 'interrupted' }, 'queued', 'interrupted'],
  ['a stale lease', FAILED, undefined, 'lost'],
  ['an attempt that settled nothing', undefined, undefined, 'lost'],
]

for (const [what, outcome, state, verdict] of CASES) {
  test(`${what} is told as ${verdict}`, () => {
    const { heard, watch } = watched()
    if (outcome) watch.settled(outcome, state && { state })
    watch.end()
    assert.deepEqual(heard.at(-1), { type: 'attempt.ended', verdict })
  })
}
