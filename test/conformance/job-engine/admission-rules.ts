import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DispatchOptions } from '../../../src/engine/job-engine.ts'
import type { NewJob } from '../../../src/job/job.ts'
import type { Resources } from '../../../src/job/resources.ts'
import { type HeldRun, TestWorker } from '../../support/test-worker.ts'
import { COMPLETED, decideOn, type EngineBench, type MakeEngine, submit, until } from './bench.ts'

const GIB = 1024 ** 3

/** Needs of so many processors, and so many GiB of memory. */
function needs(cpu: number, memory = 0): Resources {
  return { cpu, memoryBytes: memory * GIB, scratchBytes: 0 }
}

function open(bench: EngineBench, cpu: number, wishes: Partial<DispatchOptions> = {}): TestWorker {
  const budget = { cpu, memoryBytes: 16 * GIB, scratchBytes: 100 * GIB }
  return new TestWorker(bench.engine, { concurrency: 10, budget, ...wishes })
}

async function finish({ engine, clock }: EngineBench, { lease, end }: HeldRun): Promise<void> {
  await engine.settle(lease, decideOn(COMPLETED, clock.now()), {})
  end()
}

/** Submits jobs one ms after the other; answers their ids. */
async function submitAll(bench: EngineBench, wishes: readonly Partial<NewJob>[]): Promise<string[]> {
  const ids: string[] = []
  for (const wish of wishes) {
    ids.push((await submit(bench, wish)).id)
    bench.advance(1)
  }
  return ids
}

/** What waits, once nothing is being claimed: a job is submitted that fits anywhere and waited for. */
async function settled(bench: EngineBench, worker: TestWorker): Promise<HeldRun[]> {
  const { id } = await submit(bench, { priority: 100 })
  await until(bench.engine, id, ({ state }) => state === 'processing')
  const runs: HeldRun[] = []
  for (;;) {
    const run = await worker.next()
    if (run.job.id !== id) runs.push(run)
    else {
      await finish(bench, run)
      return runs
    }
  }
}

/** Handing out work that takes of a worker what it has not without end. */
export function admissionRules(makeEngine: MakeEngine): void {
  describe('admission', () => {
    test('a job keeps what it needs, and how much of a worker is taken is told of a job that waits', async () => {
      await using bench = await makeEngine()
      const resources = { cpu: 1.5, memoryBytes: 3 * GIB, scratchBytes: 7 }
      const [first = '', second = ''] = await submitAll(bench, [{ resources }, { resources: needs(9) }])
      assert.deepEqual((await bench.engine.get(first))?.resources, resources)
      const worker = open(bench, 4)
      const run = await worker.next()
      assert.deepEqual(run.job.resources, resources)
      const { workers } = await bench.engine.counts(second)
      assert.partialDeepStrictEqual(workers, [{ worker: 'worker-1', slots: 10, budget: { cpu: 4 } }])
      assert.deepEqual((await bench.engine.counts(first)).workers, [])
      run.end()
    })

    test('those that run never need more together than the budget, whatever of it is short', async () => {
      await using bench = await makeEngine()
      const ids = await submitAll(bench, [
        { resources: needs(2, 10) },
        { resources: needs(1, 10) },
        { resources: needs(2.5) },
        { resources: needs(2) },
      ])
      const worker = open(bench, 4)
      const runs = await settled(bench, worker)
      runs.push(...(await worker.take(2 - runs.length)))
      assert.deepEqual(
        runs.map(({ job }) => job.id),
        [ids[0], ids[3]],
      )
      assert.equal(worker.untaken, 0)
      for (const run of runs) await finish(bench, run)
      const rest = await worker.take(2)
      assert.deepEqual(
        rest.map(({ job }) => job.id),
        [ids[1], ids[2]],
      )
      for (const run of rest) run.end()
    })

    test('what a job takes is free again when its run has ended, not when it has settled', async () => {
      await using bench = await makeEngine()
      await submitAll(bench, [{ resources: needs(3) }, { resources: needs(3) }])
      const worker = open(bench, 4)
      const run = await worker.next()
      await bench.engine.settle(run.lease, decideOn(COMPLETED, bench.clock.now()), {})
      assert.deepEqual(await settled(bench, worker), [])
      run.end()
      const next = await worker.next()
      next.end()
    })

    test('a job that needs more than a worker has blocks nobody there, and runs on one that has enough', async () => {
      await using bench = await makeEngine()
      const [large = '', ...small] = await submitAll(bench, [
        { resources: needs(8), priority: 1 },
        { resources: needs(2) },
        {},
      ])
      const narrow = open(bench, 4, { reserveAfterMs: 0 })
      const runs = await narrow.take(2)
      assert.deepEqual(
        runs.map(({ job }) => job.id),
        small,
      )
      const wide = open(bench, 8, { worker: 'worker-2' })
      const run = await wide.next()
      assert.equal(run.job.id, large)
      for (const each of [...runs, run]) each.end()
    })

    test('a large job is passed over for a while only: then nothing behind it begins before it', async () => {
      await using bench = await makeEngine()
      const worker = open(bench, 4, { reserveAfterMs: 10_000 })
      await submitAll(bench, [{ resources: needs(2) }])
      const first = await worker.next()
      const [large] = await submitAll(bench, [{ resources: needs(4) }])
      await submitAll(bench, [{ resources: needs(1) }])
      const second = await worker.next()
      bench.advance(10_000)
      const [small, urgent] = await submitAll(bench, [{ resources: needs(1) }, { resources: needs(1), priority: 5 }])
      const third = await worker.next()
      assert.equal(third.job.id, urgent)
      for (const run of [first, second]) await finish(bench, run)
      assert.deepEqual(await settled(bench, worker), [])
      await finish(bench, third)
      const fourth = await worker.next()
      assert.equal(fourth.job.id, large)
      await finish(bench, fourth)
      const last = await worker.next()
      assert.equal(last.job.id, small)
      last.end()
    })

    test('room that is kept for a job is given to others when nobody waits for that job any more', async () => {
      await using bench = await makeEngine()
      const worker = open(bench, 4, { reserveAfterMs: 0 })
      await submitAll(bench, [{ resources: needs(2) }])
      const first = await worker.next()
      const [large = '', small] = await submitAll(bench, [{ resources: needs(4) }, { resources: needs(1) }])
      assert.deepEqual(await settled(bench, worker), [])
      await bench.engine.requestCancel(large)
      const next = await worker.next()
      assert.equal(next.job.id, small)
      for (const run of [first, next]) run.end()
    })

    test('a group at its limit keeps no room for its large job', async () => {
      await using bench = await makeEngine()
      const worker = open(bench, 4, { reserveAfterMs: 0, groupConcurrency: 1 })
      await submitAll(bench, [{ resources: needs(2), group: 'a' }])
      const first = await worker.next()
      const [, small] = await submitAll(bench, [
        { resources: needs(4), group: 'a', priority: 1 },
        { resources: needs(1) },
      ])
      const second = await worker.next()
      assert.equal(second.job.id, small)
      for (const run of [first, second]) run.end()
    })

    test('a job that room was kept for runs, though one like it comes first that its group lets not run', async () => {
      await using bench = await makeEngine()
      const wishes = { reserveAfterMs: 0, groupConcurrency: 1 }
      await submitAll(bench, [{ resources: needs(2), group: 'a' }])
      const other = open(bench, 4, { ...wishes, worker: 'worker-2', concurrency: 1 })
      const ofGroup = await other.next()
      const worker = open(bench, 4, wishes)
      await submitAll(bench, [{ resources: needs(2) }])
      const first = await worker.next()
      const [large = ''] = await submitAll(bench, [{ resources: needs(4) }])
      assert.deepEqual(await settled(bench, worker), [])
      const [held = ''] = await submitAll(bench, [{ resources: needs(4), group: 'a', priority: 1 }])
      await finish(bench, first)
      const next = await worker.next()
      assert.equal(next.job.id, large)
      assert.equal((await bench.engine.get(held))?.state, 'queued')
      for (const run of [ofGroup, next]) run.end()
    })

    test('many jobs that do not fit hide none that does, in the order of priority, turn and age', async () => {
      await using bench = await makeEngine()
      const unfit = Array.from({ length: 300 }, (_, n) => ({ resources: needs(5 + n / 1000), group: `g${n % 7}` }))
      await Promise.all(unfit.map((wish) => submit(bench, { ...wish, priority: 2 })))
      bench.advance(1)
      const ids = await submitAll(bench, [
        { resources: needs(1), group: 'b' },
        { resources: needs(2), group: 'b' },
        { resources: needs(1), group: 'a' },
        { resources: needs(0.5), priority: 3 },
      ])
      const worker = open(bench, 4, { concurrency: 1 })
      const order: (string | undefined)[] = []
      while (order.length < 4) {
        const run = await worker.next()
        order.push(run.job.id)
        await finish(bench, run)
      }
      assert.deepEqual(order, [ids[3], ids[2], ids[0], ids[1]])
      await worker.dispatch.stop()
      assert.equal((await bench.engine.counts()).states.queued, 300)
    })
  })
}
