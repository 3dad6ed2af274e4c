import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JobEvent } from '../../../src/job/event.ts'
import type { Job } from '../../../src/job/job.ts'
import { TestWorker } from '../../support/test-worker.ts'
import { COMPLETED, decideOn, FAILED, type MakeEngine, runOne, submit } from './bench.ts'

/** What is told of jobs. */
export function eventRules(makeEngine: MakeEngine): void {
  describe('events', () => {
    test('every fact is heard once, in order, with the job as it stood, and found again', async () => {
      await using bench = await makeEngine()
      const heard: { event: JobEvent; job: Job }[] = []
      bench.engine.subscribe((event, job) => heard.push({ event, job }))
      const { id } = await submit(bench)
      const worker = new TestWorker(bench.engine, { worker: 'crane-7' })
      const first = await worker.next()
      await bench.engine.save(first.lease, { progress: { stage: 'download', percent: 50 } })
      await bench.engine.settle(first.lease, decideOn(FAILED, bench.clock.now()), {})
      first.end()
      bench.advance(5_000)
      const second = await worker.next()
      await bench.engine.requestCancel(id)
      await bench.engine.settle(second.lease, decideOn({ type: 'cancelled' }, bench.clock.now()), {})
      second.end()
      await worker.dispatch.stop()
      const types = ['queued', 'started', 'progressed', 'retried', 'started', 'cancel_requested', 'cancelled']
      const stored = await bench.engine.since(id, 0, 100)
      assert.deepEqual(
        stored.map(({ type }) => type),
        types.map((type) => `job.${type}`),
      )
      assert.deepEqual(
        stored.map(({ seq }) => seq),
        [1, 2, 3, 4, 5, 6, 7],
      )
      assert.deepEqual(
        heard.map(({ event }) => event),
        stored,
      )
      for (const { event, job } of heard) {
        assert.deepEqual([job.id, job.version, job.state, job.updatedAt], [id, event.seq, event.state, event.at])
      }
    })

    test('an event says what changed', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      const { lease } = await new TestWorker(bench.engine, { worker: 'crane-7' }).next()
      await bench.engine.save(lease, { progress: { stage: 'download', percent: 50 } })
      const now = bench.clock.now()
      await bench.engine.settle(lease, decideOn(FAILED, now), {})
      const [, started, progressed, retried] = await bench.engine.since(id, 0, 100)
      assert.deepEqual(started?.data, { attempt: 1, worker: 'crane-7' })
      assert.deepEqual(progressed?.data, { stage: 'download', percent: 50 })
      const run_at = new Date(now + 5_000).toISOString()
      assert.deepEqual(retried?.data, { attempt: 1, code: 'PROCESSOR_FAILED', message: 'It broke.', run_at })
    })

    test('events are read from any of them on, in pages, after the process died too', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      await runOne(bench, COMPLETED)
      const engine = await bench.reopen()
      const seqs = async (seq: number, limit: number): Promise<number[]> =>
        (await engine.since(id, seq, limit)).map((event) => event.seq)
      assert.deepEqual(await seqs(0, 2), [1, 2])
      assert.deepEqual(await seqs(2, 2), [3])
      assert.deepEqual(await seqs(3, 2), [])
      assert.deepEqual(await seqs(99, 2), [])
    })

    test('of much progress the newest thousand are kept, of state changes all', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      const { lease } = await new TestWorker(bench.engine).next()
      const saves = Array.from({ length: 1_500 }, (_, n) => bench.engine.save(lease, { progress: { stage: 's', n } }))
      await Promise.all(saves)
      const job = await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
      assert.equal(job?.version, 1_503)
      const kept = await bench.engine.since(id, 0, 10_000)
      const progress = kept.filter(({ type }) => type === 'job.progressed')
      assert.ok(progress.length >= 1_000 && progress.length < 1_200, `${progress.length} were kept`)
      assert.deepEqual(progress.at(-1)?.data, { stage: 's', n: 1_499 })
      assert.deepEqual(
        kept.filter(({ type }) => type !== 'job.progressed').map(({ seq }) => seq),
        [1, 2, 1_503],
      )
    })

    test('of a job with a long life every state change is kept', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench)
      const worker = new TestWorker(bench.engine)
      for (let turn = 0; turn < 40; turn++) {
        const run = await worker.next()
        await bench.engine.save(run.lease, { progress: { stage: 's', turn } })
        await bench.engine.settle(run.lease, decideOn({ type: 'interrupted' }, bench.clock.now()), {})
        run.end()
      }
      const last = await worker.next()
      const events = await bench.engine.since(id, 0, 1_000)
      assert.deepEqual(
        events.map(({ seq }) => seq),
        Array.from({ length: last.job.version }, (_, n) => n + 1),
      )
      assert.equal(last.job.version, 122)
      assert.equal((await bench.engine.since(id, 60, 7)).at(-1)?.seq, 67)
    })

    test('who stopped listening hears nothing', async () => {
      await using bench = await makeEngine()
      let heard = 0
      const stop = bench.engine.subscribe(() => heard++)
      await submit(bench)
      stop()
      await submit(bench)
      assert.equal(heard, 1)
    })
  })
}
