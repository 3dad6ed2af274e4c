import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { JobState } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/settlement.ts'
import { newJob } from '../../support/new-job.ts'
import { TestWorker } from '../../support/test-worker.ts'
import { decideOn, type EngineBench } from './bench.ts'
import type { Model, ModelJob } from './model.ts'

/** The engine under test and the worker that holds its runs. */
interface Real {
  bench: EngineBench
  worker: TestWorker | undefined
}

type Command = fc.AsyncCommand<Model, Real>

const LEASE_MS = 30_000
const RETRY_MS = 5_000

/** One kind of call: when it makes sense, and what it does to both sides. */
function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name }
}

function insert(delayMs: number, priority: number, group: string | null, maxAttempts: number): Command {
  return command(`insert(${delayMs}, ${priority}, ${group}, ${maxAttempts})`, async (model, { bench }) => {
    const now = bench.clock.now()
    const { job } = await bench.engine.insert(newJob(now, { runAt: now + delayMs, priority, group, maxAttempts }))
    const fresh = { attempt: 0, base: 0, version: 1, cancelRequested: false, lease: undefined, expiresAt: 0 }
    model.jobs.set(job.id, { ...fresh, state: 'queued', maxAttempts, runAt: job.runAt })
  })
}

/** Claims every job that is due, and checks that each comes once and no other comes. */
const claim = command('claim', async (model, { bench }) => {
  const due = [...model.jobs].filter(([, job]) => job.state === 'queued' && job.runAt <= bench.clock.now())
  if (due.length === 0) return
  const worker = new TestWorker(bench.engine, { concurrency: 1_000, leaseMs: LEASE_MS })
  // Time stands still: a timer that is set for what is due already fires as if a moment went by.
  const moments = setInterval(() => bench.advance(0), 5)
  const runs = await worker.take(due.length).finally(() => clearInterval(moments))
  for (const run of runs) run.end()
  await worker.dispatch.stop()
  assert.equal(worker.untaken, 0)
  for (const { job, lease } of runs) {
    const known = model.jobs.get(job.id)
    assert.ok(known && due.some(([id]) => id === job.id), 'a job was claimed that was not due')
    assert.ok(
      model.stale.every((old) => old.jobId !== job.id || old.token < lease.token),
      'the token did not grow',
    )
    Object.assign(known, { state: 'processing', lease, attempt: known.attempt + 1, expiresAt: lease.expiresAt })
    known.version++
  }
})

function save(choice: number): Command {
  return command(`save(${choice})`, async (model, { bench }) => {
    const [, job] = model.pick(choice, ({ state }) => state === 'processing') ?? []
    if (!job?.lease) return
    assert.equal(await bench.engine.save(job.lease, { progress: { stage: 's', percent: choice % 100 } }), true)
    job.version++
  })
}

function settle(choice: number, outcome: Outcome): Command {
  return command(`settle(${choice}, ${outcome.type})`, async (model, { bench }) => {
    const [, job] = model.pick(choice, ({ state }) => state === 'processing') ?? []
    if (!job?.lease) return
    const settled = await bench.engine.settle(job.lease, decideOn(outcome, bench.clock.now()), {})
    assert.ok(settled)
    foresee(model, job, outcome, bench.clock.now())
    assert.equal(settled.state, job.state)
  })
}

/** Foretells what an outcome must come to, without the policy's own code. */
function foresee(model: Model, job: ModelJob, outcome: Outcome, now: number): void {
  const state = nextState(job, outcome)
  if (state === 'queued') {
    if (outcome.type === 'interrupted' || outcome.type === 'snoozed') job.attempt--
    const doublings = outcome.type === 'failed' ? 2 ** (job.attempt - job.base - 1) : 0
    job.runAt = now + (outcome.type === 'snoozed' ? outcome.delayMs : RETRY_MS * doublings)
  }
  model.end(job, state)
}

function nextState(job: ModelJob, outcome: Outcome): JobState {
  if (outcome.type === 'completed') return 'completed'
  if (job.cancelRequested || outcome.type === 'cancelled') return 'cancelled'
  if (outcome.type === 'interrupted' || outcome.type === 'snoozed') return 'queued'
  const isLast = job.attempt - job.base >= job.maxAttempts
  return isLast || (outcome.type === 'failed' && !outcome.retryable) ? 'failed' : 'queued'
}

function cancel(choice: number): Command {
  return command(`cancel(${choice})`, async (model, { bench }) => {
    const [id, job] = model.pick(choice) ?? []
    if (id === undefined || job === undefined) return
    await bench.engine.requestCancel(id)
    const isNews = job.state === 'queued' || (job.state === 'processing' && !job.cancelRequested)
    if (isNews) job.version++
    if (isNews) job.cancelRequested = true
    if (job.state === 'queued') job.state = 'cancelled'
  })
}

function requeue(choice: number, failedFilesOnly: boolean): Command {
  return command(`requeue(${choice}, ${failedFilesOnly})`, async (model, { bench }) => {
    const [id, job] = model.pick(choice) ?? []
    if (id === undefined || job === undefined) return
    await bench.engine.requeue(id, { failedFilesOnly })
    if (job.state !== 'failed' && job.state !== 'cancelled') return
    const runAt = bench.clock.now()
    Object.assign(job, { state: 'queued', base: job.attempt, runAt, cancelRequested: false, version: job.version + 1 })
  })
}

function heartbeat(choice: number): Command {
  return command(`heartbeat(${choice})`, async (model, { bench }) => {
    const [, job] = model.pick(choice, ({ state }) => state === 'processing') ?? []
    if (!job?.lease) return
    const [news] = await bench.engine.heartbeat([job.lease], LEASE_MS)
    assert.deepEqual([news?.lost, news?.cancelRequested], [false, job.cancelRequested])
    job.expiresAt = bench.clock.now() + LEASE_MS
  })
}

/** A stale lease can do nothing, whatever it tries. */
function haunt(choice: number): Command {
  return command(`haunt(${choice})`, async (model, { bench }) => {
    const lease = model.stale[choice % Math.max(1, model.stale.length)]
    if (lease === undefined) return
    assert.equal(await bench.engine.save(lease, { progress: { stage: 'zombie' } }), false)
    assert.equal(await bench.engine.settle(lease, decideOn({ type: 'cancelled' }, 0), {}), undefined)
    assert.equal((await bench.engine.heartbeat([lease], LEASE_MS))[0]?.lost, true)
  })
}

const rescue = command('rescue', async (model, { bench }) => {
  const now = bench.clock.now()
  const rescued = await bench.engine.rescue(decideOn({ type: 'expired' }, now))
  const expired = [...model.jobs].filter(([, job]) => job.state === 'processing' && job.expiresAt <= now)
  assert.deepEqual(new Set(rescued.map(({ id }) => id)), new Set(expired.map(([id]) => id)))
  for (const [, job] of expired) foresee(model, job, { type: 'expired' }, now)
})

function advance(byMs: number): Command {
  return command(`advance(${byMs})`, async (_model, { bench }) => bench.advance(byMs))
}

/** After a crash every lease has run out once its time is over, or at once; the model waits for the time. */
const reopen = command('reopen', async (model, real) => {
  await real.bench.reopen()
  real.bench.advance(LEASE_MS)
  const now = real.bench.clock.now()
  for (const job of model.jobs.values()) if (job.state === 'processing') job.expiresAt = Math.min(job.expiresAt, now)
  await rescue.run(model, real)
})

const choice = fc.nat(1_000)

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ type: 'completed', result: { n: 1 }, outputs: [] }),
  fc.boolean().map((retryable): Outcome => ({ type: 'failed', code: 'PROCESSOR_FAILED', message: 'm', retryable })),
  fc.constantFrom<Outcome>({ type: 'cancelled' }, { type: 'interrupted' }, { type: 'snoozed', delayMs: 7_000 }),
)

const inserted = fc.tuple(
  fc.constantFrom(0, 0, 0, 1, 8_000),
  fc.integer({ min: -1, max: 1 }),
  fc.constantFrom(null, 'a', 'b'),
  fc.integer({ min: 1, max: 2 }),
)

/** Every call a person, a worker, time or fate can make. */
export const COMMANDS: fc.Arbitrary<Command>[] = [
  inserted.map(([delayMs, priority, group, maxAttempts]) => insert(delayMs, priority, group, maxAttempts)),
  fc.constant(claim),
  fc.constant(claim),
  choice.map(save),
  fc.tuple(choice, outcome).map(([which, result]) => settle(which, result)),
  fc.tuple(choice, outcome).map(([which, result]) => settle(which, result)),
  choice.map(cancel),
  fc.tuple(choice, fc.boolean()).map(([which, only]) => requeue(which, only)),
  choice.map(heartbeat),
  choice.map(haunt),
  fc.constant(rescue),
  fc.constantFrom(1, 5_000, 29_999, 60_000).map(advance),
  fc.constant(reopen),
]
