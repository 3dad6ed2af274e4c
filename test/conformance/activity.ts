import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Activity, type JobGlance, lengthOf, type Tally } from '../../src/engine/activity.ts'
import type { JobEngine } from '../../src/engine/job-engine.ts'
import { queueGroup } from '../../src/job/queue-group.ts'
import { TestWorker } from '../support/test-worker.ts'
import { COMPLETED, decideOn, type EngineBench, FAILED, runOne, submit, UNRECOVERABLE } from './job-engine/bench.ts'

/** An engine on the bench that tells of the whole service. */
export interface ActivityBench extends EngineBench {
  readonly engine: JobEngine & { readonly activity: Activity }
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** The tallies by kind, whatever their lengths. */
function byKind(tallies: readonly Tally[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { kind, jobs } of tallies) sums[kind] = (sums[kind] ?? 0) + jobs
  return sums
}

/** What every engine tells of the service as a whole. `makeBench` gives an empty one. */
export function activityConformance(name: string, makeBench: () => Promise<ActivityBench>): void {
  describe(`${name} tells of its activity`, () => {
    test('what filters match is counted and listed by id, newest first, page by page', async () => {
      await using bench = await makeBench()
      const { activity } = bench.engine
      const made: string[] = []
      for (let i = 0; i < 7; i++) {
        bench.advance(10)
        const wishes = {
          labels: { run: String(i % 2) },
          ...(i < 3 && { tenant: 'acme' }),
          ...(i === 6 && { group: 'g' }),
        }
        made.unshift((await submit(bench, wishes)).id)
      }
      await bench.engine.requestCancel(made[0] as string)

      assert.equal(await activity.count({}), 7)
      assert.equal(await activity.count({ states: ['queued'] }), 6)
      assert.equal(await activity.count({ states: ['cancelled', 'failed'] }), 1)
      assert.equal(await activity.count({ labels: { run: '1' } }), 3)
      assert.equal(await activity.count({ tenant: 'acme', labels: { run: '1' } }), 1)
      assert.equal(await activity.count({ group: 'g', states: ['queued'] }), 0)

      const first = await activity.ids({ limit: 4 })
      assert.deepEqual(first.items, made.slice(0, 4))
      const second = await activity.ids({ limit: 4, ...(first.next !== null && { cursor: first.next }) })
      assert.deepEqual(second, { items: made.slice(4), next: null })
    })

    test('a tenant is told how its own jobs stand, and since when the first that is due waits', async () => {
      await using bench = await makeBench()
      const { activity } = bench.engine
      const nothing = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }
      await submit(bench)
      bench.advance(10)
      assert.deepEqual(await activity.countsOf('acme'), { states: nothing, oldestDueAt: null })

      const delayed = await submit(bench, { tenant: 'acme', runAt: bench.clock.now() + HOUR })
      assert.deepEqual(await activity.countsOf('acme'), { states: { ...nothing, queued: 1 }, oldestDueAt: null })
      const first = await submit(bench, { tenant: 'acme' })
      bench.advance(10)
      await submit(bench, { tenant: 'acme' })
      await bench.engine.requestCancel(delayed.id)
      assert.deepEqual(await activity.countsOf('acme'), {
        states: { ...nothing, queued: 2, cancelled: 1 },
        oldestDueAt: first.runAt,
      })
    })

    test('what is due is told by whether its client named a group, and since when the first of each is due', async () => {
      await using bench = await makeBench()
      const { activity } = bench.engine
      assert.deepEqual(await activity.queue(), {
        grouped: { jobs: 0, oldestDueAt: null },
        ungrouped: { jobs: 0, oldestDueAt: null },
      })
      const submitted = (tenant?: string, group?: string) => {
        bench.advance(10)
        return submit(bench, { ...(tenant !== undefined && { tenant }), group: queueGroup(tenant, group) })
      }
      const first = await submitted()
      const named = await submitted(undefined, 'night')
      await submitted('acme', 'night')
      await submitted('acme')
      await submit(bench, { runAt: named.runAt + HOUR })
      assert.deepEqual(await activity.queue(), {
        grouped: { jobs: 2, oldestDueAt: named.runAt },
        ungrouped: { jobs: 2, oldestDueAt: first.runAt },
      })
      await bench.engine.requestCancel(first.id)
      await bench.engine.requestCancel(named.id)
      const { grouped, ungrouped } = await activity.queue()
      assert.deepEqual([grouped.jobs, ungrouped.jobs], [1, 1])
      assert.ok((grouped.oldestDueAt ?? 0) < (ungrouped.oldestDueAt ?? 0))
    })

    test('every end of an attempt is counted once, with how long it ran and waited, by tenant', async () => {
      await using bench = await makeBench()
      const { engine } = bench
      await submit(bench, { tenant: 'acme' })
      bench.advance(2_000)
      const worker = new TestWorker(engine)
      const run = await worker.next()
      const { lease } = run
      bench.advance(500)
      await engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
      assert.equal(await engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {}), undefined)
      run.end()
      await worker.dispatch.stop()
      await submit(bench)
      await runOne(bench, UNRECOVERABLE)
      await submit(bench)
      await runOne(bench, FAILED)
      await engine.requestCancel((await submit(bench, { runAt: bench.clock.now() + HOUR })).id)

      const from = bench.clock.now() - (bench.clock.now() % HOUR)
      const all = await engine.activity.tallies({ from, sliceMs: MINUTE })
      assert.deepEqual(byKind(all), { completed: 1, failed: 1, retried: 1, cancelled: 1, waited: 3 })
      const acme = await engine.activity.tallies({ from, sliceMs: MINUTE, tenant: 'acme' })
      assert.deepEqual(byKind(acme), { completed: 1, waited: 1 })
      const length = (kind: string): number => lengthOf(acme.find((tally) => tally.kind === kind)?.step ?? 0)
      assert.ok(Math.abs(length('completed') - 500) < 50, `${length('completed')} ms`)
      assert.ok(Math.abs(length('waited') - 2_000) < 200, `${length('waited')} ms`)
    })

    test('slices begin at whole multiples, and outlive a restart', async () => {
      await using bench = await makeBench()
      const start = bench.clock.now()
      for (const afterMs of [0, MINUTE, 16 * MINUTE]) {
        bench.advance(start + afterMs - bench.clock.now())
        await submit(bench)
        await runOne(bench, COMPLETED)
      }
      const { activity } = (await bench.reopen()) as ActivityBench['engine']
      const slices = await activity.tallies({ from: start - (start % (15 * MINUTE)), sliceMs: 15 * MINUTE })
      const completed = slices.filter(({ kind }) => kind === 'completed')
      const first = start - (start % (15 * MINUTE))
      const sums = (at: number): number =>
        completed.filter((tally) => tally.at === at).reduce((sum, { jobs }) => sum + jobs, 0)
      assert.deepEqual([sums(first), sums(first + 15 * MINUTE)], [2, 1])
    })

    test('old minutes become hours without a job lost, and old hours go', async () => {
      await using bench = await makeBench()
      const { engine } = bench
      const start = bench.clock.now() - (bench.clock.now() % HOUR)
      for (let i = 0; i < 3; i++) {
        await submit(bench)
        await runOne(bench, COMPLETED)
        bench.advance(7 * MINUTE)
      }
      bench.advance(60 * HOUR)
      await submit(bench)
      await runOne(bench, COMPLETED)
      await engine.activity.foldTallies()
      await engine.activity.foldTallies()
      const minutes = await engine.activity.tallies({ from: start, sliceMs: MINUTE })
      const old = minutes.filter(({ at, kind }) => kind === 'completed' && at < start + 24 * HOUR)
      assert.deepEqual([...new Set(old.map(({ at }) => at % HOUR))], [0])
      assert.equal(byKind(minutes).completed, 4)
      bench.advance(90 * 24 * HOUR)
      await engine.activity.foldTallies()
      assert.deepEqual(await engine.activity.tallies({ from: start, sliceMs: MINUTE }), [])
    })

    test('whoever runs jobs is there, with its slots and what it runs', async () => {
      await using bench = await makeBench()
      const { id } = await submit(bench, { tenant: 'acme' })
      const worker = new TestWorker(bench.engine, { worker: 'tester', concurrency: 2 })
      const { lease, end } = await worker.next()
      await bench.engine.save(lease, { progress: { stage: 'halfway', percent: 50 } })
      const workers = await bench.engine.activity.workers()
      assert.equal(workers.length, 1)
      assert.partialDeepStrictEqual(workers[0], { name: 'tester', role: 'all', busy: 1 })
      assert.ok((workers[0]?.seenAt ?? 0) >= (workers[0]?.startedAt ?? Infinity))
      const running = { id, attempt: 1, tenant: 'acme', progress: { stage: 'halfway', percent: 50 } }
      assert.partialDeepStrictEqual(workers[0]?.running, [running])
      await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
      end()
      assert.equal((await bench.engine.activity.workers())[0]?.busy, 0)
    })

    test('who watches hears of every job that changes, until it stops', async () => {
      await using bench = await makeBench()
      const heard: (JobGlance | undefined)[] = []
      const stop = bench.engine.activity.watch((job) => heard.push(job))
      const { id } = await submit(bench, { tenant: 'acme' })
      await runOne(bench, COMPLETED)
      const states = heard.map((job) => `${job?.id === id ? job.tenant : '?'} ${job?.state}`)
      assert.deepEqual(states, ['acme queued', 'acme processing', 'acme completed'])
      stop()
      await submit(bench)
      assert.equal(heard.length, 3)
    })
  })
}
