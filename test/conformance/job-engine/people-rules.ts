import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jobFile } from '../../support/new-job.ts'
import { TestWorker } from '../../support/test-worker.ts'
import { COMPLETED, decideOn, type MakeEngine, runOne, submit, UNRECOVERABLE } from './bench.ts'

/** What people ask of jobs. */
export function peopleRules(makeEngine: MakeEngine): void {
  describe('people', () => {
    test('a queued job is cancelled at once, due or delayed', async () => {
      await using bench = await makeEngine()
      const now = bench.clock.now()
      for (const runAt of [now, now + 60_000]) {
        const { id } = await submit(bench, { runAt })
        const job = await bench.engine.requestCancel(id)
        assert.partialDeepStrictEqual(job, { state: 'cancelled', completedAt: now, cancelRequestedAt: now, version: 2 })
      }
      const worker = new TestWorker(bench.engine)
      bench.advance(60_000)
      const { id } = await submit(bench)
      assert.equal((await worker.next()).job.id, id)
    })

    test('a job in work is marked, once, and cancelled only when its attempt says so', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      const { lease } = await new TestWorker(bench.engine).next()
      const marked = await bench.engine.requestCancel(id)
      assert.partialDeepStrictEqual(marked, { state: 'processing', cancelRequestedAt: bench.clock.now(), version: 3 })
      bench.advance(5)
      assert.deepEqual(await bench.engine.requestCancel(id), marked)
      const job = await bench.engine.settle(lease, decideOn({ type: 'cancelled' }, bench.clock.now()), {})
      assert.partialDeepStrictEqual(job, { state: 'cancelled', completedAt: bench.clock.now(), worker: null })
    })

    test('a cancel that comes too late leaves the result', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      const done = await runOne(bench, COMPLETED)
      assert.deepEqual(await bench.engine.requestCancel(id), done)
      assert.deepEqual(await bench.engine.requeue(id, { failedFilesOnly: false }), done)
    })

    test('a failed job begins anew with fresh attempts and keeps its errors', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench, { maxAttempts: 1 })
      const worker = new TestWorker(bench.engine)
      const first = await worker.next()
      await bench.engine.save(first.lease, { checkpoint: 7, filesTotal: 1, files: [jobFile(0, 'failed')] })
      const failed = await bench.engine.settle(first.lease, decideOn(UNRECOVERABLE, bench.clock.now()), {})
      first.end()
      await worker.dispatch.stop()
      bench.advance(1_000)
      const job = await bench.engine.requeue(id, { failedFilesOnly: false })
      const files = { total: 0, done: 0, failed: 0, bytes: 0 }
      assert.partialDeepStrictEqual(job, {
        state: 'queued',
        attempt: 1,
        attemptBase: 1,
        runAt: bench.clock.now(),
        files,
      })
      assert.deepEqual(job?.errors, failed?.errors)
      assert.deepEqual([job?.error, job?.completedAt, job?.checkpoint, job?.failedFilesOnly], [null, null, null, false])
      assert.deepEqual((await bench.engine.files(id, { limit: 10 })).items, [])
      assert.equal((await runOne(bench, COMPLETED)).attempt, 2)
    })

    test('a retry of the failed files keeps ledger and checkpoint', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      const { lease, end, worker } = await new TestWorker(bench.engine).next()
      const files = [jobFile(0, 'done', { sizeBytes: 5 }), jobFile(1, 'failed', { error: 'bad' })]
      await bench.engine.save(lease, { checkpoint: 7, filesTotal: 2, files })
      await bench.engine.settle(lease, decideOn(UNRECOVERABLE, bench.clock.now()), {})
      end()
      await bench.engine.requeue(id, { failedFilesOnly: true })
      const { job } = await worker.next()
      const sums = { total: 2, done: 1, failed: 1, bytes: 5 }
      assert.partialDeepStrictEqual(job, { failedFilesOnly: true, checkpoint: 7, files: sums })
      assert.deepEqual((await bench.engine.files(id, { limit: 10 })).items, files)
    })

    test('a cancelled job can be queued again; its cancel is forgotten', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      await bench.engine.requestCancel(id)
      const job = await bench.engine.requeue(id, { failedFilesOnly: false })
      assert.deepEqual([job?.state, job?.cancelRequestedAt, job?.completedAt], ['queued', null, null])
      assert.equal((await runOne(bench, COMPLETED)).state, 'completed')
    })

    test('an unknown job can be neither cancelled nor queued again', async () => {
      await using bench = await makeEngine()
      const id = '01890000-0000-7000-8000-000000000000'
      assert.equal(await bench.engine.requestCancel(id), undefined)
      assert.equal(await bench.engine.requeue(id, { failedFilesOnly: false }), undefined)
    })
  })
}
