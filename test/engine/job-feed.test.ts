import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobEngine, JobListener } from '../../src/engine/job-engine.ts'
import { JobFeed } from '../../src/engine/job-feed.ts'
import type { JobEvent } from '../../src/job/event.ts'
import { COMPLETED, decideOn, runOne, submit } from '../conformance/job-engine/bench.ts'
import { TestWorker } from '../support/test-worker.ts'
import { type SqliteBench, sqliteBench } from './sqlite-bench.ts'

const never = new AbortController().signal

function feedOf({ engine, clock }: SqliteBench): JobFeed {
  return new JobFeed(engine, clock)
}

async function collect(events: AsyncIterable<JobEvent>): Promise<number[]> {
  const seqs: number[] = []
  for await (const { seq } of events) seqs.push(seq)
  return seqs
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n + 1)
}

test('a wait ends with the first change', async () => {
  await using bench = await sqliteBench()
  const feed = feedOf(bench)
  const { id, version } = await submit(bench)
  const waiting = feed.waitForChange(id, version, 60_000)
  await bench.engine.requestCancel(id)
  assert.equal((await waiting)?.state, 'cancelled')
  assert.equal(bench.clock.pending, 0)
})

test('a wait for what has already changed does not wait', async () => {
  await using bench = await sqliteBench()
  const feed = feedOf(bench)
  const { id } = await submit(bench)
  assert.equal((await feed.waitForChange(id, 0, 60_000))?.version, 1)
})

test('a wait ends with its time, or with its signal, and answers the job as it is', async () => {
  await using bench = await sqliteBench()
  const feed = feedOf(bench)
  const { id, version } = await submit(bench)
  const timed = feed.waitForChange(id, version, 1_000)
  bench.advance(1_000)
  assert.equal((await timed)?.version, version)
  const abort = new AbortController()
  const aborted = feed.waitForChange(id, version, 1_000, abort.signal)
  abort.abort()
  assert.equal((await aborted)?.version, version)
  assert.equal(await feed.waitForChange('nowhere', 0, 1_000), undefined)
  assert.equal(bench.clock.pending, 0)
})

test('a wait for the end outlasts other changes', async () => {
  await using bench = await sqliteBench()
  const feed = feedOf(bench)
  const { id } = await submit(bench)
  const waiting = feed.waitForEnd(id, 60_000)
  const worker = new TestWorker(bench.engine)
  const { lease, end } = await worker.next()
  await bench.engine.save(lease, { progress: { stage: 's' } })
  await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
  end()
  assert.equal((await waiting)?.state, 'completed')
})

test('following an ended job replays it from disk and ends', async () => {
  await using bench = await sqliteBench()
  const { id } = await submit(bench)
  await runOne(bench, COMPLETED)
  await bench.reopen()
  const feed = feedOf(bench)
  assert.deepEqual(await collect(feed.follow(id, 0, never)), [1, 2, 3])
  assert.deepEqual(await collect(feed.follow(id, 2, never)), [3])
  assert.deepEqual(await collect(feed.follow(id, 3, never)), [])
  assert.deepEqual(await collect(feed.follow('nowhere', 0, never)), [])
})

test('followers that join at any moment miss nothing and hear nothing twice', async () => {
  await using bench = await sqliteBench()
  const feed = feedOf(bench)
  const { id } = await submit(bench)
  const { lease } = await new TestWorker(bench.engine).next()
  const followers = [collect(feed.follow(id, 0, never))]
  for (let round = 0; round < 50; round++) {
    const saves = upTo(12).map((n) => bench.engine.save(lease, { progress: { stage: 's', n } }))
    followers.push(collect(feed.follow(id, 0, never)))
    await Promise.all(saves)
  }
  await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
  for (const seqs of await Promise.all(followers)) assert.deepEqual(seqs, upTo(603))
})

test('a slow reader gets everything, from disk, without its backlog in memory', async () => {
  await using bench = await sqliteBench()
  const pages: number[] = []
  const counting = Object.create(bench.engine, {
    subscribe: { value: bench.engine.subscribe.bind(bench.engine) },
    get: { value: bench.engine.get.bind(bench.engine) },
    since: {
      value: async (id: string, seq: number, limit: number) => {
        const page = await bench.engine.since(id, seq, limit)
        pages.push(page.length)
        return page
      },
    },
  }) as JobEngine
  const feed = new JobFeed(counting, bench.clock)
  const { id } = await submit(bench)
  const { lease } = await new TestWorker(bench.engine).next()
  const reader = feed.follow(id, 0, never)
  const first = await reader.next()
  await Promise.all(upTo(800).map((n) => bench.engine.save(lease, { progress: { stage: 's', n } })))
  await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
  const rest = await collect(reader)
  assert.deepEqual([first.value?.seq, ...rest], upTo(803))
  assert.ok(pages.length > 1 && pages.slice(1).some((length) => length > 100), `pages read: ${pages}`)
})

test('an event that comes just before a follower begins to wait wakes it', async () => {
  await using bench = await sqliteBench()
  const { id } = await submit(bench)
  let asked = 0
  const late = Object.create(bench.engine, {
    subscribe: { value: bench.engine.subscribe.bind(bench.engine) },
    since: { value: bench.engine.since.bind(bench.engine) },
    get: {
      value: async () => {
        const job = await bench.engine.get(id)
        if (asked++ === 0) await bench.engine.requestCancel(id)
        return job
      },
    },
  }) as JobEngine
  const feed = new JobFeed(late, bench.clock)
  assert.deepEqual(await collect(feed.follow(id, 1, never)), [2])
})

test('a follower that is stopped while it waits ends and is forgotten', async () => {
  await using bench = await sqliteBench()
  const feed = feedOf(bench)
  const { id } = await submit(bench)
  const abort = new AbortController()
  const reader = feed.follow(id, 0, abort.signal)
  await reader.next()
  const waiting = reader.next()
  abort.abort()
  assert.equal((await waiting).done, true)
})

test('a follower who hears of an event but not of those before it is given all of them', async () => {
  await using bench = await sqliteBench()
  const { id } = await submit(bench)
  let drop = true
  const lossy = Object.create(bench.engine, {
    get: { value: bench.engine.get.bind(bench.engine) },
    since: { value: bench.engine.since.bind(bench.engine) },
    subscribe: {
      value: (hear: JobListener, jobId: string) =>
        bench.engine.subscribe((event, job) => !drop && hear(event, job), jobId),
    },
  }) as JobEngine
  const { lease } = await new TestWorker(bench.engine).next()
  const reader = new JobFeed(lossy, bench.clock).follow(id, 1, never)
  assert.equal((await reader.next()).value?.seq, 2)
  const waiting = reader.next()
  await bench.engine.counts()
  await bench.engine.save(lease, { progress: { stage: 's' } })
  drop = false
  await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
  assert.deepEqual([(await waiting).value?.seq, ...(await collect(reader))], [3, 4])
})
