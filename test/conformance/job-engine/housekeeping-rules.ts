import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Job } from '../../../src/job/job.ts'
import { jobFile, newJob } from '../../support/new-job.ts'
import { TestWorker } from '../../support/test-worker.ts'
import { COMPLETED, decideOn, type MakeEngine, runOne, submit } from './bench.ts'

/** Rescue and prune. */
export function housekeepingRules(makeEngine: MakeEngine): void {
  describe('housekeeping', () => {
    test('an expired lease costs its attempt, and the last one fails the job', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench, { maxAttempts: 2 })
      const worker = new TestWorker(bench.engine, { leaseMs: 1_000, concurrency: 2 })
      const rescue = () => bench.engine.rescue(decideOn({ type: 'expired' }, bench.clock.now()))
      await worker.next()
      bench.advance(999)
      assert.deepEqual(await rescue(), [])
      bench.advance(1)
      const [rescued] = await rescue()
      assert.partialDeepStrictEqual(rescued, { id, state: 'queued', attempt: 1, worker: null })
      assert.equal(rescued?.errors[0]?.code, 'WORKER_DIED')
      await worker.next()
      bench.advance(1_000)
      const [failed] = await rescue()
      assert.partialDeepStrictEqual(failed, { id, state: 'failed', attempt: 2 })
      assert.equal(failed?.errors.length, 2)
      assert.deepEqual(await rescue(), [])
    })

    test('an expired lease of a job that was to be cancelled cancels it', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      await new TestWorker(bench.engine, { leaseMs: 1_000 }).next()
      await bench.engine.requestCancel(id)
      bench.advance(1_000)
      const [job] = await bench.engine.rescue(decideOn({ type: 'expired' }, bench.clock.now()))
      assert.equal(job?.state, 'cancelled')
    })

    test('what was in work when the process died is rescued and runs again under a new token', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      const { lease } = await new TestWorker(bench.engine, { leaseMs: 1_000 }).next()
      const engine = await bench.reopen()
      bench.advance(1_000)
      assert.equal((await engine.rescue(decideOn({ type: 'expired' }, bench.clock.now())))[0]?.id, id)
      const again = await new TestWorker(engine).next()
      assert.deepEqual([again.job.id, again.job.attempt], [id, 2])
      assert.ok(again.lease.token > lease.token)
      assert.equal(await engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {}), undefined)
    })

    test('prune forgets ended jobs with all that belongs to them, and leaves the others', async () => {
      await using bench = await makeEngine()
      const idempotency = { key: 'once', requestHash: 'h' }
      const done = await submit(bench, { idempotency })
      const worker = new TestWorker(bench.engine)
      const { lease, end } = await worker.next()
      const logs = [{ attempt: 1, at: 1, level: 'info', message: 'm' }] as const
      await bench.engine.save(lease, { files: [jobFile(0, 'done')], logs })
      const settled = await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
      end()
      await worker.dispatch.stop()
      const queued = await submit(bench)
      const ids = [queued.id, done.id, newJob(0).id]
      assert.deepEqual(await bench.engine.prune(ids), [settled])
      assert.deepEqual(await bench.engine.prune(ids), [])
      assert.equal(await bench.engine.get(done.id), undefined)
      assert.deepEqual(await bench.engine.since(done.id, 0, 10), [])
      assert.deepEqual((await bench.engine.counts()).states, {
        queued: 1,
        processing: 0,
        completed: 0,
        failed: 0,
        cancelled: 0,
      })
      const again = await bench.engine.insert(newJob(bench.clock.now(), { id: done.id, idempotency }))
      assert.equal(again.replayed, false)
      assert.deepEqual(await bench.engine.logs(done.id, 10), [])
      assert.deepEqual((await bench.engine.files(done.id, { limit: 10 })).items, [])
      assert.equal((await bench.engine.since(done.id, 0, 10)).length, 1)
    })

    test('nobody requeues a job while what it left is removed; when that says no or fails, the job is as before', async () => {
      await using bench = await makeEngine()
      const { engine } = bench
      const { id } = await submit(bench)
      await engine.requestCancel(id)
      assert.deepEqual(await engine.prune([id], async () => false), [])
      await assert.rejects(
        engine.prune([id], () => Promise.reject(new Error('the store is gone'))),
        /the store is gone/,
      )
      let requeueing: Promise<unknown> | undefined
      const removeRest = async (job: Job): Promise<boolean> => {
        assert.equal(job.id, id)
        requeueing = engine.requeue(id, { failedFilesOnly: false })
        await engine.counts()
        return true
      }
      assert.deepEqual(
        (await engine.prune([id], removeRest)).map((job) => job.id),
        [id],
      )
      await requeueing
      assert.equal(await engine.get(id), undefined)
      const other = await submit(bench)
      await engine.requestCancel(other.id)
      await engine.prune([other.id], async () => false)
      assert.equal((await engine.requeue(other.id, { failedFilesOnly: false }))?.state, 'queued')
    })

    test('of many jobs at once those are forgotten that are cleared, whatever becomes of the others', async () => {
      await using bench = await makeEngine()
      const { engine } = bench
      const jobs = await Promise.all(Array.from({ length: 30 }, () => submit(bench)))
      const ids = jobs.map(({ id }) => id)
      await Promise.all(ids.map((id) => engine.requestCancel(id)))
      const place = (job: Job): number => ids.indexOf(job.id) % 3
      const sweeps = [0, 1].map(() => engine.prune(ids, async (job) => place(job) === 0))
      const forgotten = (await Promise.all(sweeps)).flat().map(({ id }) => id)
      assert.deepEqual(forgotten.sort(), ids.filter((_, n) => n % 3 === 0).sort())
      const removeRest = async (job: Job): Promise<boolean> => {
        if (place(job) === 1) throw new Error('the store is gone')
        return true
      }
      await assert.rejects(engine.prune(ids, removeRest), /the store is gone/)
      for (const [n, id] of ids.entries()) {
        const state = n % 3 === 1 ? 'queued' : undefined
        assert.equal((await engine.requeue(id, { failedFilesOnly: false }))?.state, state)
      }
    })

    test('a job that ended, was pruned and others go on: the rest runs', async () => {
      await using bench = await makeEngine()
      const first = await submit(bench)
      await runOne(bench, COMPLETED)
      await Promise.all([bench.engine.prune([first.id]), submit(bench), submit(bench)])
      assert.equal((await runOne(bench, COMPLETED)).state, 'completed')
      assert.equal((await bench.engine.counts()).states.queued, 1)
    })
  })
}
