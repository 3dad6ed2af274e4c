import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TestWorker } from '../../support/test-worker.ts'
import { COMPLETED, decideOn, ended, type MakeEngine, submit } from './bench.ts'

/** Handing out work. */
export function dispatchRules(makeEngine: MakeEngine): void {
  describe('dispatch', () => {
    test('never more jobs run than the concurrency, and all of them run', async () => {
      await using bench = await makeEngine()
      const { engine, clock } = bench
      const jobs = await Promise.all(Array.from({ length: 50 }, () => submit(bench)))
      let running = 0
      let peak = 0
      const dispatch = engine.dispatch({ worker: 'w', concurrency: 8, leaseMs: 30_000 }, async ({ lease }) => {
        peak = Math.max(peak, ++running)
        await engine.settle(lease, decideOn(COMPLETED, clock.now()), {})
        // A run may have something to clear away after it has settled: its slot is taken until then.
        await engine.counts()
        running--
      })
      await Promise.all(jobs.map(({ id }) => ended(engine, id)))
      await dispatch.stop()
      assert.ok(peak <= 8, `${peak} ran at once`)
      assert.equal((await engine.counts()).states.completed, 50)
    })

    test('a claim carries the job as it stands after it, and a lease', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench, { maxAttempts: 2 })
      const worker = new TestWorker(bench.engine, { worker: 'crane-7', leaseMs: 20_000 })
      const { job, lease, end } = await worker.next()
      const now = bench.clock.now()
      assert.deepEqual(lease, { jobId: id, attempt: 1, token: job.token, worker: 'crane-7', expiresAt: now + 20_000 })
      assert.partialDeepStrictEqual(job, {
        id,
        state: 'processing',
        attempt: 1,
        worker: 'crane-7',
        startedAt: now,
        version: 2,
      })
      end()
    })

    test('two workers share the jobs: none runs twice', async () => {
      await using bench = await makeEngine()
      const { engine, clock } = bench
      const jobs = await Promise.all(Array.from({ length: 30 }, () => submit(bench)))
      const ran: string[] = []
      const run = (worker: string) =>
        engine.dispatch({ worker, concurrency: 3, leaseMs: 30_000 }, async ({ job, lease }) => {
          ran.push(job.id)
          await engine.settle(lease, decideOn(COMPLETED, clock.now()), {})
        })
      const dispatches = [run('worker-1'), run('worker-2')]
      await Promise.all(jobs.map(({ id }) => ended(engine, id)))
      await Promise.all(dispatches.map((dispatch) => dispatch.stop()))
      assert.equal(ran.length, 30)
      assert.equal(new Set(ran).size, 30)
    })

    test('stop claims no more and waits for the runs that were begun', async () => {
      await using bench = await makeEngine()
      for (let n = 0; n < 3; n++) await submit(bench)
      const worker = new TestWorker(bench.engine)
      const run = await worker.next()
      let stopped = false
      const stopping = Promise.all([worker.dispatch.stop(), worker.dispatch.stop()]).then(() => {
        stopped = true
      })
      const settled = await bench.engine.settle(run.lease, decideOn(COMPLETED, bench.clock.now()), {})
      assert.deepEqual([settled?.state, stopped], ['completed', false])
      run.end()
      await stopping
      assert.equal(worker.untaken, 0)
      const { states } = await bench.engine.counts()
      assert.deepEqual([states.queued, states.processing], [2, 0])
    })

    test('a claim that waited for a slot goes back unspent when the dispatch stops', async () => {
      await using bench = await makeEngine()
      await submit(bench)
      const { id } = await submit(bench)
      const worker = new TestWorker(bench.engine)
      const run = await worker.next()
      await bench.engine.settle(run.lease, decideOn(COMPLETED, bench.clock.now()), {})
      const stopping = worker.dispatch.stop()
      run.end()
      await stopping
      assert.partialDeepStrictEqual(await bench.engine.get(id), { state: 'queued', attempt: 0, worker: null })
    })

    test('a run that rejects or forgets to settle frees its slot; the lease is left to rescue', async () => {
      await using bench = await makeEngine()
      for (let n = 0; n < 3; n++) await submit(bench)
      const worker = new TestWorker(bench.engine, { leaseMs: 5_000 })
      const broken = await worker.next()
      broken.fail(new Error('the run broke'))
      const forgetful = await worker.next()
      forgetful.end()
      const third = await worker.next()
      assert.equal((await bench.engine.counts()).states.processing, 3)
      bench.advance(5_000)
      await bench.engine.heartbeat([third.lease], 5_000)
      const rescued = await bench.engine.rescue(decideOn({ type: 'expired' }, bench.clock.now()))
      assert.deepEqual(new Set(rescued.map(({ id }) => id)), new Set([broken.job.id, forgetful.job.id]))
      third.end()
    })

    test('jobs submitted while a dispatch is idle run at once', async () => {
      await using bench = await makeEngine()
      const worker = new TestWorker(bench.engine)
      const { id } = await submit(bench)
      const run = await worker.next()
      assert.equal(run.job.id, id)
      run.end()
    })
  })
}
