import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttemptChanges } from '../../../src/engine/job-engine.ts'
import type { Job, Lease } from '../../../src/job/job.ts'
import type { Settlement } from '../../../src/job/settlement.ts'
import { jobFile } from '../../support/new-job.ts'
import { type HeldRun, TestWorker } from '../../support/test-worker.ts'
import {
  COMPLETED,
  decideOn,
  type EngineBench,
  FAILED,
  MAX_LOG_LINES,
  type MakeEngine,
  submit,
  UNRECOVERABLE,
} from './bench.ts'

const LEASE_MS = 10_000

/** A job in work, held in the test's hand. */
async function beginOne(bench: EngineBench): Promise<HeldRun> {
  await submit(bench)
  return new TestWorker(bench.engine, { leaseMs: LEASE_MS }).next()
}

function logLine(n: number) {
  return { attempt: 1, at: n, level: 'info', message: `line ${n}`, fields: { n } } as const
}

/** What an attempt may write, and when it may no longer. */
export function attemptRules(makeEngine: MakeEngine): void {
  describe('attempts', () => {
    test('what an attempt saves is found with the job', async () => {
      await using bench = await makeEngine()
      const { lease } = await beginOne(bench)
      const progress = { stage: 'download', percent: 12.5, message: 'two of sixteen', bytes: 10 }
      assert.equal(await bench.engine.save(lease, { progress, checkpoint: { at: [1, 2] } }), true)
      const job = await bench.engine.get(lease.jobId)
      assert.partialDeepStrictEqual(job, { progress, checkpoint: { at: [1, 2] }, version: 3, state: 'processing' })
    })

    test('the ledger keeps the newest row of each file, and the job its sums', async () => {
      await using bench = await makeEngine()
      const { lease } = await beginOne(bench)
      const files = [0, 1, 2, 3].map((n) => jobFile(n, 'pending'))
      await bench.engine.save(lease, { filesTotal: 4, files })
      await bench.engine.save(lease, {
        files: [
          jobFile(1, 'downloaded', { sizeBytes: 10, etag: 'e', sha256: 'f' }),
          jobFile(2, 'failed', { error: 'gone' }),
        ],
      })
      const sums = async () => (await bench.engine.get(lease.jobId))?.files
      assert.deepEqual(await sums(), { total: 4, done: 0, failed: 1, bytes: 10 })
      await bench.engine.save(lease, { files: [jobFile(2, 'downloaded', { sizeBytes: 5 })] })
      assert.deepEqual(await sums(), { total: 4, done: 0, failed: 0, bytes: 15 })
      await bench.engine.save(lease, { markDownloadedDone: true })
      assert.deepEqual(await sums(), { total: 4, done: 2, failed: 0, bytes: 15 })
      const { items, next } = await bench.engine.files(lease.jobId, { limit: 2 })
      assert.deepEqual(
        items.map(({ index, state }) => [index, state]),
        [
          [0, 'pending'],
          [1, 'done'],
        ],
      )
      const rest = await bench.engine.files(lease.jobId, { limit: 2, ...(next !== null && { cursor: next }) })
      assert.deepEqual(
        rest.items.map(({ index }) => index),
        [2, 3],
      )
      assert.equal(rest.next, null)
      const pending = await bench.engine.files(lease.jobId, { limit: 9, states: ['pending'] })
      assert.deepEqual(
        pending.items.map(({ index }) => index),
        [0, 3],
      )
    })

    test('log lines are kept in order, the newest up to the bound', async () => {
      await using bench = await makeEngine()
      const { lease } = await beginOne(bench)
      await bench.engine.save(lease, { logs: [1, 2, 3].map(logLine) })
      assert.deepEqual(await bench.engine.logs(lease.jobId, 2), [2, 3].map(logLine))
      const more = Array.from({ length: MAX_LOG_LINES + 5 }, (_, n) => logLine(n + 4))
      await bench.engine.save(lease, { logs: more })
      assert.deepEqual(await bench.engine.logs(lease.jobId, 1_000), more.slice(-MAX_LOG_LINES))
    })

    test('completing writes result, outputs and the last changes at once', async () => {
      await using bench = await makeEngine()
      const { lease } = await beginOne(bench)
      const outputs = [{ uri: 's3://results/x', sizeBytes: 3, sha256: 'abc', mediaType: 'text/plain' }]
      const progress = { stage: 'completed', percent: 100 }
      const job = await bench.engine.settle(
        lease,
        decideOn({ type: 'completed', result: { answer: 42 }, outputs }, bench.clock.now()),
        { progress },
      )
      assert.partialDeepStrictEqual(job, { state: 'completed', result: { answer: 42 }, outputs, progress, version: 3 })
      assert.deepEqual([job?.worker, job?.leaseExpiresAt, job?.completedAt], [null, null, bench.clock.now()])
      assert.deepEqual(await bench.engine.get(lease.jobId), job)
    })

    test('a failure with attempts left waits for its backoff and keeps its error', async () => {
      await using bench = await makeEngine()
      const { lease } = await beginOne(bench)
      const now = bench.clock.now()
      const job = await bench.engine.settle(lease, decideOn(FAILED, now), {})
      const errors = [{ attempt: 1, code: 'PROCESSOR_FAILED', message: 'It broke.', at: now }]
      assert.partialDeepStrictEqual(job, {
        state: 'queued',
        runAt: now + 5_000,
        attempt: 1,
        errors,
        progress: { stage: 'queued' },
      })
      assert.deepEqual([job?.error, job?.completedAt], [null, null])
    })

    test('a failure that no retry can mend ends the job with its message', async () => {
      await using bench = await makeEngine()
      const { lease } = await beginOne(bench)
      const job = await bench.engine.settle(lease, decideOn(UNRECOVERABLE, bench.clock.now()), {})
      assert.partialDeepStrictEqual(job, { state: 'failed', error: 'Never.', completedAt: bench.clock.now() })
    })

    test('an interruption takes the attempt back', async () => {
      await using bench = await makeEngine()
      const { lease, end } = await beginOne(bench)
      const job = await bench.engine.settle(lease, decideOn({ type: 'interrupted' }, bench.clock.now()), {})
      assert.partialDeepStrictEqual(job, { state: 'queued', attempt: 0, runAt: bench.clock.now() })
      end()
    })

    test('an interrupted job is due at once, though time goes by while its end is decided', async () => {
      await using bench = await makeEngine()
      const { lease, end, worker } = await beginOne(bench)
      const slowly = (job: Job): Settlement => {
        bench.advance(5)
        return decideOn({ type: 'interrupted' }, bench.clock.now())(job)
      }
      await bench.engine.settle(lease, slowly, {})
      end()
      const { job } = await worker.next()
      assert.partialDeepStrictEqual(job, { id: lease.jobId, attempt: 1, startedAt: bench.clock.now() })
    })

    test('the next attempt finds the checkpoint and the ledger of the one before', async () => {
      await using bench = await makeEngine()
      const { lease, end, worker } = await beginOne(bench)
      const changes: AttemptChanges = { checkpoint: { row: 7 }, filesTotal: 1, files: [jobFile(0, 'done')] }
      await bench.engine.settle(lease, decideOn(FAILED, bench.clock.now()), changes)
      end()
      bench.advance(5_000)
      const { job } = await worker.next()
      assert.partialDeepStrictEqual(job, { attempt: 2, checkpoint: { row: 7 }, files: { total: 1, done: 1 } })
    })

    test('a heartbeat extends the lease and hears of a cancel', async () => {
      await using bench = await makeEngine()
      const { lease } = await beginOne(bench)
      bench.advance(LEASE_MS - 1)
      const expiresAt = bench.clock.now() + LEASE_MS
      const heard = { jobId: lease.jobId, token: lease.token, lost: false, expiresAt }
      assert.deepEqual(await bench.engine.heartbeat([lease], LEASE_MS), [{ ...heard, cancelRequested: false }])
      await bench.engine.requestCancel(lease.jobId)
      assert.deepEqual(await bench.engine.heartbeat([lease], LEASE_MS), [{ ...heard, cancelRequested: true }])
      bench.advance(LEASE_MS - 1)
      assert.deepEqual(await bench.engine.rescue(decideOn({ type: 'expired' }, bench.clock.now())), [])
    })

    test('the token grows with every claim, and a stale one changes nothing', async () => {
      await using bench = await makeEngine()
      const { lease: stale, end, worker } = await beginOne(bench)
      bench.advance(LEASE_MS)
      await bench.engine.rescue(decideOn({ type: 'expired' }, bench.clock.now()))
      await assertChangesNothing(bench, stale)
      end()
      const { lease: fresh } = await worker.next()
      assert.ok(fresh.token > stale.token)
      await assertChangesNothing(bench, stale)
      assert.equal((await bench.engine.heartbeat([fresh], LEASE_MS))[0]?.lost, false)
      await bench.engine.settle(fresh, decideOn(COMPLETED, bench.clock.now()), {})
      await assertChangesNothing(bench, fresh)
      await assertChangesNothing(bench, stale)
    })
  })
}

async function assertChangesNothing({ engine, clock }: EngineBench, lease: Lease): Promise<void> {
  const before = await engine.get(lease.jobId)
  const changes = { progress: { stage: 'zombie' }, files: [jobFile(0, 'failed')], logs: [logLine(1)] }
  assert.equal(await engine.save(lease, changes), false)
  assert.equal(await engine.settle(lease, decideOn(FAILED, clock.now()), changes), undefined)
  assert.equal((await engine.heartbeat([lease], LEASE_MS))[0]?.lost, true)
  assert.deepEqual(await engine.get(lease.jobId), before)
  assert.deepEqual(await engine.logs(lease.jobId, 10), [])
  assert.deepEqual((await engine.files(lease.jobId, { limit: 10 })).items, [])
}
