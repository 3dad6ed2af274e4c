import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { DispatchOptions } from '../../src/engine/job-engine.ts'
import { COMPLETED, decideOn, submit } from '../conformance/job-engine/bench.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { TestWorker } from '../support/test-worker.ts'
import { type PostgresBench, usedBench } from './postgres-bench.ts'
import { holdUp, lock } from './postgres-holds.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

const openBench = (): Promise<PostgresBench> => usedBench(server)

/** Lets another worker have a job as soon as its claim is written. */
async function takeWhenClaimed({ schema, sql }: PostgresBench, id: string): Promise<void> {
  await sql(`CREATE FUNCTION ${schema}.take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE ${schema}.jobs SET token = token + 1, worker = 'another' WHERE id = NEW.id;
    RETURN NULL;
  END $$`)
  await sql(`CREATE TRIGGER taken AFTER UPDATE OF phase ON ${schema}.jobs FOR EACH ROW
    WHEN (NEW.phase = 2 AND NEW.id = '${id}') EXECUTE FUNCTION ${schema}.take()`)
}

/** A worker whose first look for jobs is over. */
async function idleWorker({ engine }: PostgresBench, wishes: Partial<DispatchOptions> = {}): Promise<TestWorker> {
  const worker = new TestWorker(engine, wishes)
  // The second follows the round that claimed.
  for (let round = 0; round < 2; round++) await engine.heartbeat([], 1)
  return worker
}

describe('a job that comes to a free slot of the PostgreSQL engine', { skip }, () => {
  test('begins with its insert: nothing is claimed, and nobody is rung for', async () => {
    await using bench = await openBench()
    const worker = await idleWorker(bench)
    const told: string[] = []
    bench.engine.subscribe(({ type, seq, state }) => told.push(`${seq} ${type} ${state}`))
    const claims = await holdUp(bench, 'claims')
    const { id, state } = await submit(bench)
    assert.equal(state, 'queued')
    const { job, lease } = await worker.next()
    assert.partialDeepStrictEqual(job, { id, state: 'processing', attempt: 1, token: 1, startedAt: bench.clock.now() })
    const stored = await bench.engine.get(id)
    assert.deepEqual(stored, job)
    const bells = await bench.sql('SELECT FROM graphile_worker.jobs WHERE task_identifier = $1', [
      `longshore:${bench.schema}`,
    ])
    assert.equal(bells.length, 0)
    await claims.letGo()
    await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    assert.deepEqual(told, ['1 job.queued queued', '2 job.started processing', '3 job.completed completed'])
    const events = await bench.engine.since(id, 0, 10)
    assert.deepEqual(
      events.map(({ seq, type, state }) => `${seq} ${type} ${state}`),
      told,
    )
    assert.partialDeepStrictEqual(await bench.engine.counts(), { states: { queued: 0, processing: 0, completed: 2 } })
  })

  test('is given back by a stop that comes before the answer to its insert', async () => {
    await using bench = await openBench()
    const worker = await idleWorker(bench)
    const inserts = await holdUp(bench, 'inserts')
    const submitted = submit(bench)
    await inserts.reached()
    const stopping = worker.dispatch.stop()
    await inserts.letGo()
    await stopping
    const { id } = await submitted
    assert.equal(worker.untaken, 0)
    assert.partialDeepStrictEqual(await bench.engine.get(id), { state: 'queued', attempt: 0, worker: null })
  })

  test('leaves the slot it gets to no other meanwhile, and what waits goes before one that comes later', async () => {
    await using bench = await openBench()
    const worker = await idleWorker(bench)
    const inserts = await holdUp(bench, 'inserts')
    const first = submit(bench)
    await inserts.reached()
    const others = [submit(bench), submit(bench, { priority: 1 })]
    await inserts.letGo()
    const ids = (await Promise.all([first, ...others])).map(({ id }) => id)
    const order: string[] = []
    for (const _ of ids) {
      const run = await worker.next()
      assert.equal(worker.untaken, 0)
      order.push(run.job.id)
      await bench.engine.settle(run.lease, decideOn(COMPLETED, bench.clock.now()), {})
      run.end()
    }
    assert.deepEqual(order, [ids[0], ids[2], ids[1]])
  })

  test('waits with others of its moment for runs to end in the order of a claim', async () => {
    await using bench = await openBench()
    const worker = await idleWorker(bench, { concurrency: 2 })
    await Promise.all([submit(bench), submit(bench)])
    const runs = await worker.take(2)
    for (const { lease } of runs) await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    const wishes = [{ id: 'a' }, { id: 'b', priority: 1 }]
    await Promise.all(wishes.map((wish) => submit(bench, wish)))
    const states = await Promise.all(wishes.map(({ id }) => bench.engine.get(id)))
    assert.deepEqual(
      states.map((job) => job?.state),
      ['processing', 'processing'],
    )
    for (const { end } of runs) end()
    const next = await worker.take(2)
    assert.deepEqual(
      next.map(({ job }) => job.id),
      ['b', 'a'],
    )
    for (const { end } of next) end()
  })
})

describe('between two statements of the PostgreSQL engine', { skip }, () => {
  test('a stop gives back what is claimed in the place of an attempt that is settled meanwhile', async () => {
    await using bench = await openBench()
    await submit(bench)
    const worker = new TestWorker(bench.engine)
    const run = await worker.next()
    const { id } = await submit(bench)
    const claim = await holdUp(bench, 'claims')
    let stopping: Promise<void> | undefined
    bench.engine.subscribe(({ type }) => {
      if (type === 'job.completed') stopping = worker.dispatch.stop()
    })
    await bench.engine.settle(run.lease, decideOn(COMPLETED, bench.clock.now()), {})
    await claim.reached()
    run.end()
    await bench.engine.counts()
    await claim.letGo()
    await stopping
    assert.equal(worker.untaken, 0)
    assert.partialDeepStrictEqual(await bench.engine.get(id), { state: 'queued', attempt: 0, worker: null })
  })

  test('a job that comes due while it is being written runs when it is', async () => {
    await using bench = await openBench()
    const worker = new TestWorker(bench.engine)
    const writing = await holdUp(bench, 'inserts')
    const submitting = submit(bench, { runAt: bench.clock.now() + 5 })
    await writing.reached()
    bench.advance(5)
    await writing.letGo()
    const { id } = await submitting
    bench.advance(0)
    const run = await worker.next()
    assert.equal(run.job.id, id)
    run.end()
  })

  test('a job that was put off and comes due while that is being written runs again', async () => {
    await using bench = await openBench()
    const { id } = await submit(bench)
    const worker = new TestWorker(bench.engine)
    const { lease, end } = await worker.next()
    const writing = await holdUp(bench, 'changes')
    const now = bench.clock.now()
    const settling = bench.engine.settle(lease, decideOn({ type: 'snoozed', delayMs: 5 }, now), {})
    await writing.reached()
    bench.advance(5)
    await writing.letGo()
    await settling
    end()
    bench.advance(0)
    const again = await worker.next()
    assert.equal(again.job.id, id)
    again.end()
  })

  test('a claim whose answer comes after its lease begins only with a new one', async () => {
    await using bench = await openBench()
    const { id } = await submit(bench)
    const claim = await holdUp(bench, 'claims')
    const worker = new TestWorker(bench.engine)
    await claim.reached()
    bench.advance(31_000)
    await claim.letGo()
    const run = await worker.next()
    assert.equal(run.job.id, id)
    assert.ok(run.lease.expiresAt > bench.clock.now())
    assert.deepEqual(await bench.engine.rescue(decideOn({ type: 'expired' }, bench.clock.now())), [])
    run.end()
  })

  test('a claim whose answer comes after somebody else took the job begins nothing, and leaves its slot', async () => {
    await using bench = await openBench()
    const { id } = await submit(bench)
    await takeWhenClaimed(bench, id)
    const claim = await holdUp(bench, 'claims')
    const worker = new TestWorker(bench.engine)
    await claim.reached()
    bench.advance(31_000)
    await claim.letGo()
    const next = await submit(bench)
    const run = await worker.next()
    assert.equal(run.job.id, next.id)
    assert.partialDeepStrictEqual(await bench.engine.get(id), { state: 'processing', worker: 'another' })
    run.end()
  })

  test('a stop leaves a database that does not answer, after a while', async () => {
    await using bench = await openBench()
    const other = await bench.replica()
    const leaving = await lock(bench.url, `LOCK TABLE ${bench.schema}.replicas`)
    const stopping = other.stop()
    await leaving.reached()
    bench.advance(10_000)
    await stopping
    await leaving.letGo()
  })
})
