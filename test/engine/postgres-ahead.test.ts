import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Job } from '../../src/job/job.ts'
import { COMPLETED, decideOn, submit, until } from '../conformance/job-engine/bench.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { type HeldRun, TestWorker } from '../support/test-worker.ts'
import { type PostgresBench, usedBench } from './postgres-bench.ts'
import { type Hold, holdUp } from './postgres-holds.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

const openBench = (): Promise<PostgresBench> => usedBench(server)

async function complete({ engine, clock }: PostgresBench, { lease, end }: HeldRun): Promise<void> {
  await engine.settle(lease, decideOn(COMPLETED, clock.now()), {})
  end()
}

/** A worker whose attempts were short, and whose slots are taken by runs that go on. */
async function busyWorker(bench: PostgresBench, concurrency = 1): Promise<{ worker: TestWorker; runs: HeldRun[] }> {
  const worker = new TestWorker(bench.engine, { concurrency })
  for (let n = 0; n < 32; n++) {
    await submit(bench)
    await complete(bench, await worker.next())
  }
  // What was heard of these is looked at before the next ones come.
  for (let round = 0; round < 2; round++) await bench.engine.heartbeat([], 1)
  for (let n = 0; n < concurrency; n++) await submit(bench)
  return { worker, runs: await worker.take(concurrency) }
}

/** Holds changes of jobs up, one of which is under way. */
async function holdChanges(bench: PostgresBench): Promise<Hold> {
  const { id } = await submit(bench, { runAt: bench.clock.now() + 3_600_000 })
  const hold = await holdUp(bench, 'changes')
  bench.engine.requestCancel(id).catch(() => {})
  await hold.reached()
  return hold
}

/** An insert that may have claimed gets no answer. */
async function loseInsert(bench: PostgresBench): Promise<void> {
  const inserts = await holdUp(bench, 'inserts')
  const lost = assert.rejects(submit(bench), { code: 'ENGINE_UNAVAILABLE' })
  await inserts.reached()
  await inserts.cutOff()
  await inserts.letGo()
  await lost
}

function statesOf({ engine }: PostgresBench, jobs: readonly Job[]): Promise<(string | undefined)[]> {
  return Promise.all(jobs.map(async ({ id }) => (await engine.get(id))?.state))
}

describe('a worker of the PostgreSQL engine whose attempts are short', { skip }, () => {
  test('claims as many new jobs as it has slots before those are free, and begins them as they are', async () => {
    await using bench = await openBench()
    const { worker, runs } = await busyWorker(bench)
    const jobs = [await submit(bench), await submit(bench)]
    assert.deepEqual(await statesOf(bench, jobs), ['processing', 'queued'])
    let [run] = runs
    for (const { id } of jobs) {
      if (run) await complete(bench, run)
      run = await worker.next()
      assert.equal(run.job.id, id)
      assert.equal(run.lease.attempt, 1)
    }
    run?.end()
  })

  test('claims nothing ahead of what is ready', async () => {
    await using bench = await openBench()
    const { runs } = await busyWorker(bench)
    const jobs = [await submit(bench), await submit(bench), await submit(bench, { priority: 1 })]
    assert.deepEqual(await statesOf(bench, jobs), ['processing', 'queued', 'queued'])
    runs[0]?.end()
  })

  test('leaves a new job to another one here that has a free slot', async () => {
    await using bench = await openBench()
    const { runs } = await busyWorker(bench)
    const idle = new TestWorker(bench.engine, { worker: 'idle' })
    for (let round = 0; round < 3; round++) await bench.engine.heartbeat([], 1)
    const { id } = await submit(bench)
    const run = await idle.next()
    assert.partialDeepStrictEqual(run.job, { id, worker: 'idle' })
    for (const { end } of [...runs, run]) end()
  })

  test('gives back what has waited for half a second, at no cost of an attempt, to a worker that has a slot', async () => {
    await using bench = await openBench()
    const { worker, runs } = await busyWorker(bench)
    const waiting = await submit(bench)
    bench.advance(499)
    assert.partialDeepStrictEqual(await bench.engine.get(waiting.id), { state: 'processing', attempt: 1 })
    bench.advance(1)
    await until(bench.engine, waiting.id, ({ state }) => state === 'queued')
    assert.partialDeepStrictEqual(await bench.engine.get(waiting.id), { attempt: 0, worker: null })
    const other = new TestWorker(await bench.replica(), { worker: 'other' })
    const elsewhere = await other.next()
    assert.partialDeepStrictEqual(elsewhere.job, { id: waiting.id, attempt: 1, worker: 'other' })
    assert.equal(worker.untaken, 0)
    const next = await submit(bench)
    assert.deepEqual(await statesOf(bench, [next]), ['queued'])
    for (const { end } of [...runs, elsewhere]) end()
  })

  test('what is given back keeps its place in the queue', async () => {
    await using bench = await openBench()
    const { worker, runs } = await busyWorker(bench)
    const first = await submit(bench)
    bench.advance(100)
    await submit(bench)
    bench.advance(400)
    await until(bench.engine, first.id, ({ state }) => state === 'queued')
    for (const run of runs) await complete(bench, run)
    const next = await worker.next()
    assert.equal(next.job.id, first.id)
    next.end()
  })

  test('a stop gives back what waits', async () => {
    await using bench = await openBench()
    const { worker, runs } = await busyWorker(bench)
    const waiting = await submit(bench)
    const stopped = worker.dispatch.stop()
    await until(bench.engine, waiting.id, ({ state }) => state === 'queued')
    for (const { end } of runs) end()
    await stopped
    assert.partialDeepStrictEqual(await bench.engine.get(waiting.id), { attempt: 0, worker: null })
  })

  test('what could not be given back begins once there is a slot', async () => {
    await using bench = await openBench()
    const { worker, runs } = await busyWorker(bench)
    const waiting = await submit(bench)
    const changes = await holdUp(bench, 'changes')
    bench.advance(500)
    await changes.reached()
    await changes.cutOff()
    await changes.letGo()
    while (bench.errors.length === 0) await bench.engine.counts()
    for (const run of runs) await complete(bench, run)
    const run = await worker.next()
    assert.partialDeepStrictEqual(run.job, { id: waiting.id, attempt: 1 })
    run.end()
  })

  test('what is on its way back is not taken up as a claim that got no answer', async () => {
    await using bench = await openBench()
    const { worker, runs } = await busyWorker(bench, 2)
    const waiting = await submit(bench)
    const changes = await holdChanges(bench)
    await loseInsert(bench)
    bench.advance(500)
    await changes.letGo()
    await until(bench.engine, waiting.id, ({ state }) => state === 'queued')
    for (const run of runs) await complete(bench, run)
    const again = await worker.next()
    assert.partialDeepStrictEqual(again.job, { id: waiting.id, token: 2 })
    // Another run of it would have begun before what is submitted now.
    const { id } = await submit(bench)
    const next = await worker.next()
    assert.equal(next.job.id, id)
    for (const { end } of [again, next]) end()
  })

  test('new jobs wait 50 ms at most for a claim that does not come', async () => {
    await using bench = await openBench()
    const { worker, runs } = await busyWorker(bench, 2)
    const [first, second] = runs
    if (first) await complete(bench, first)
    const changes = await holdChanges(bench)
    const message = { from: 'another', jobs: [], cancels: [], dueAt: null, ready: true }
    await bench.sql('SELECT pg_notify($1, $2)', [`longshore:${bench.schema}`, JSON.stringify(message)])
    const submitted = submit(bench)
    const ticking = setInterval(() => bench.advance(10), 5)
    const { id } = await submitted
    clearInterval(ticking)
    await changes.letGo()
    const run = await worker.next()
    assert.equal(run.job.id, id)
    for (const each of [second, run]) each?.end()
  })
})
