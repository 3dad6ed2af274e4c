import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DispatchOptions, QueueLimits } from '../../../src/engine/job-engine.ts'
import type { Job, NewJob } from '../../../src/job/job.ts'
import { queueGroup } from '../../../src/job/queue-group.ts'
import { newJob } from '../../support/new-job.ts'
import { type HeldRun, TestWorker } from '../../support/test-worker.ts'
import { COMPLETED, decideOn, type EngineBench, type MakeEngine, submit, until } from './bench.ts'

const GIB = 1024 ** 3

/** Jobs of which nothing, something and everything is told. */
const WISHES: readonly Partial<NewJob>[] = [
  ...Array.from({ length: 9 }, (_, n) => ({ id: `bare-${n}` })),
  { id: 'labelled', labels: { ship: 'Ever Given' }, parameters: { knots: 12 } },
  {
    id: 'told',
    manifest: { files: Array.from({ length: 200 }, (_, n) => ({ uri: `s3://datasets/${n}.dat` })) },
    labels: { ship: 'Ever Given' },
    parameters: 'y'.repeat(5_000),
    priority: 2,
    idempotency: { key: 'once', requestHash: 'h' },
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    callbackUrl: 'https://example.org/told',
    schedule: { name: 'nightly', tick: 1_000 },
    tenant: 'acme',
    group: 'cranes',
    resources: { cpu: 1, memoryBytes: GIB, scratchBytes: 0 },
  },
]

/** A worker that has done the only job there was. */
async function idleWorker(bench: EngineBench, wishes: Partial<DispatchOptions> = {}): Promise<TestWorker> {
  const worker = new TestWorker(bench.engine, { concurrency: 20, ...wishes })
  const { id } = await submit(bench, { id: 'opening' })
  const run = await worker.next()
  assert.equal(run.job.id, id)
  await finish(bench, run)
  return worker
}

async function finish({ engine, clock }: EngineBench, { lease, end }: HeldRun): Promise<void> {
  await engine.settle(lease, decideOn(COMPLETED, clock.now()), {})
  end()
}

/** Submits jobs at one moment. */
function submitAtOnce(bench: EngineBench, wishes: readonly Partial<NewJob>[]): Promise<Job[]> {
  return Promise.all(wishes.map((wish) => submit(bench, wish)))
}

/** Everything that is kept of jobs. */
async function recordsOf({ engine }: EngineBench, ids: readonly (string | undefined)[]): Promise<unknown[]> {
  return Promise.all(
    ids.map(async (id = '') => ({ job: await engine.get(id), events: await engine.since(id, 0, 100) })),
  )
}

/** Jobs that come while slots are free. */
export function newbornRules(makeEngine: MakeEngine): void {
  describe('a job that comes to a free slot', () => {
    test('is told as queued, and has the record of one that waited for its claim', async () => {
      await using early = await makeEngine()
      await using late = await makeEngine()
      const ids = WISHES.map(({ id }) => id)
      const first = await idleWorker(early)
      const told = await submitAtOnce(early, WISHES)
      assert.ok(told.every(({ state, version }) => state === 'queued' && version === 1))
      const runs = await first.take(ids.length)
      await submit(late, { id: 'opening' })
      const blocker = new TestWorker(late.engine)
      await finish(late, await blocker.next())
      await blocker.dispatch.stop()
      await submitAtOnce(late, WISHES)
      const other = new TestWorker(late.engine, { concurrency: 20 })
      const laterRuns = await other.take(ids.length)
      const claimOf = ({ job, lease }: HeldRun) => ({ job, lease })
      const byId = (a: { job: Job }, b: { job: Job }) => a.job.id.localeCompare(b.job.id)
      assert.deepEqual(runs.map(claimOf).sort(byId), laterRuns.map(claimOf).sort(byId))
      assert.deepEqual(await recordsOf(early, ids), await recordsOf(late, ids))
      for (const bench of [early, late]) assert.equal((await bench.engine.counts()).states.processing, ids.length)
      for (const run of runs) await finish(early, run)
      for (const run of laterRuns) await finish(late, run)
      assert.deepEqual(await recordsOf(early, ids), await recordsOf(late, ids))
    })

    test('begins after those of its moment with a higher priority, and waits when there are more than slots', async () => {
      await using bench = await makeEngine()
      const worker = await idleWorker(bench, { concurrency: 2 })
      const wishes = [{ id: 'a' }, { id: 'b', priority: 5 }, { id: 'c' }, { id: 'd', priority: 9 }]
      await submitAtOnce(bench, wishes)
      assert.partialDeepStrictEqual((await bench.engine.counts()).states, { queued: 2, processing: 2 })
      const begun: string[] = []
      for (const _ of wishes) {
        const run = await worker.next()
        begun.push(run.job.id)
        await finish(bench, run)
      }
      assert.deepEqual(begun, ['d', 'b', 'a', 'c'])
      assert.equal(worker.peak, 2)
    })

    test('runs once, however often it is submitted at that moment', async () => {
      await using bench = await makeEngine()
      const worker = await idleWorker(bench)
      await submit(bench, { id: 'known' })
      const known = await worker.next()
      const ids = ['known', 'new', 'new', 'known', ...Array.from({ length: 9 }, (_, n) => `other-${n}`)]
      const { engine, clock } = bench
      const answers = await Promise.all(ids.map((id) => engine.insert(newJob(clock.now(), { id }))))
      assert.deepEqual(
        answers.map(({ job, replayed }) => `${job.id} ${replayed}`),
        ids.map((id, n) => `${id} ${id === 'known' || n === 2}`),
      )
      const runs = await worker.take(10)
      assert.deepEqual(new Set(runs.map(({ job }) => job.id)), new Set(ids.slice(1).filter((id) => id !== 'known')))
      for (const run of [known, ...runs]) await finish(bench, run)
      assert.equal(worker.untaken, 0)
      assert.partialDeepStrictEqual((await engine.counts()).states, { queued: 0, processing: 0, completed: 12 })
    })

    test('begins before those of a lower priority, and in turn with other tenants, where tenants have a limit', async () => {
      await using bench = await makeEngine()
      const { engine, clock } = bench
      const limits = { maxQueued: 100, maxQueuedOfTenant: 50 }
      const insert = (wishes: readonly Partial<NewJob>[]) =>
        Promise.all(wishes.map((wish) => engine.insert(newJob(clock.now(), wish), limits)))
      const worker = await idleWorker(bench, { concurrency: 4 })
      const ofTenant = (tenant: string) =>
        Array.from({ length: 4 }, () => ({ tenant, group: queueGroup(tenant, undefined) }))
      await insert([...ofTenant('acme'), ...ofTenant('zeta')])
      const first = await worker.take(4)
      assert.deepEqual(first.map(({ job }) => job.tenant).sort(), ['acme', 'acme', 'zeta', 'zeta'])
      for (const run of first) await finish(bench, run)
      for (const run of await worker.take(4)) await finish(bench, run)
      await insert(Array.from({ length: 8 }, (_, n) => ({ id: `urgency-${n}`, tenant: 'acme', priority: n })))
      const begun = await worker.take(4)
      assert.deepEqual(
        begun.map(({ job }) => job.id),
        ['urgency-7', 'urgency-6', 'urgency-5', 'urgency-4'],
      )
      for (const run of begun) await finish(bench, run)
      for (const run of await worker.take(4)) await finish(bench, run)
    })

    test('is one of those that may wait, of all and of a tenant', async () => {
      await using bench = await makeEngine()
      const { engine, clock } = bench
      const worker = await idleWorker(bench)
      const inserted = async (limits: QueueLimits) => {
        const jobs = Array.from({ length: 8 }, () => newJob(clock.now(), { tenant: 'acme' }))
        const answers = await Promise.allSettled(jobs.map((job) => engine.insert(job, limits)))
        const kept = answers.filter(({ status }) => status === 'fulfilled').length
        for (const run of await worker.take(kept)) await finish(bench, run)
        return kept
      }
      assert.equal(await inserted({ maxQueued: 2 }), 2)
      assert.equal(await inserted({ maxQueued: 100, maxQueuedOfTenant: 3 }), 3)
      assert.equal(await inserted({ maxQueued: 8, maxQueuedOfTenant: 8 }), 8)
      assert.equal(await inserted({ maxQueued: 8, maxQueuedOfTenant: 7 }), 7)
    })

    test('keeps to what its group may run at once', async () => {
      await using bench = await makeEngine()
      const worker = await idleWorker(bench, { groupConcurrency: 1 })
      await submitAtOnce(bench, [
        { id: 'x1', group: 'x' },
        { id: 'x2', group: 'x' },
        { id: 'y1', group: 'y' },
      ])
      const runs = await worker.take(2)
      assert.deepEqual(new Set(runs.map(({ job }) => job.group)), new Set(['x', 'y']))
      assert.equal((await bench.engine.counts()).states.queued, 1)
      for (const run of runs) await finish(bench, run)
      const last = await worker.next()
      assert.equal(last.job.group, 'x')
      await finish(bench, last)
    })

    test('keeps to what is left of the budget', async () => {
      await using bench = await makeEngine()
      const budget = { cpu: 3, memoryBytes: 8 * GIB, scratchBytes: 0 }
      const worker = await idleWorker(bench, { budget })
      const needs = (cpu: number) => ({ resources: { cpu, memoryBytes: GIB, scratchBytes: 0 } })
      const wishes = [needs(2), needs(2), needs(1)]
      const jobs = await submitAtOnce(bench, wishes)
      await until(bench.engine, jobs[2]?.id ?? '', ({ state }) => state === 'processing')
      const runs = await worker.take(2)
      assert.deepEqual(new Set(runs.map(({ job }) => job.id)), new Set([jobs[0]?.id, jobs[2]?.id]))
      for (const run of runs) await finish(bench, run)
      await finish(bench, await worker.next())
    })

    test('waits while it is not due', async () => {
      await using bench = await makeEngine()
      const worker = await idleWorker(bench)
      const runAt = bench.clock.now() + 5_000
      const [, delayed] = await submitAtOnce(bench, [{}, { runAt }, {}])
      const runs = await worker.take(2)
      assert.equal((await bench.engine.get(delayed?.id ?? ''))?.state, 'queued')
      bench.advance(5_000)
      const last = await worker.next()
      assert.equal(last.job.id, delayed?.id)
      for (const run of [...runs, last]) await finish(bench, run)
    })
  })
}
