import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobManager } from '../../src/engine/job-manager.ts'
import { Retention } from '../../src/engine/retention.ts'
import type { JobState } from '../../src/job/job.ts'
import type { Outcome } from '../../src/job/settlement.ts'
import type { ObjectRef } from '../../src/storage/object-uri.ts'
import { COMPLETED, UNRECOVERABLE } from '../conformance/job-engine/bench.ts'
import { JOB_RULES } from '../support/job-rules.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { TestWorker } from '../support/test-worker.ts'
import { sqliteBench } from './sqlite-bench.ts'

const DAY_MS = 86_400_000
const NEVER = new AbortController().signal

/** A store whose deletions wait for the test, or fail for some keys. */
class TestStore extends MemoryStore {
  deleting = async (_refs: readonly ObjectRef[]): Promise<void> => {}

  override async delete(refs: readonly ObjectRef[]): Promise<void> {
    await this.deleting(refs)
    await super.delete(refs)
  }
}

async function setUp() {
  const bench = await sqliteBench()
  const { engine, clock } = bench
  const store = new TestStore()
  const errors: unknown[] = []
  const jobs = new JobManager({ engine, clock, rules: JOB_RULES })
  const retention = new Retention({
    jobs,
    ingests: engine.ingests,
    store,
    clock,
    bucket: 'bucket',
    datasetsPrefix: 'datasets',
    resultsPrefix: 'results',
    retentionMs: 14 * DAY_MS,
    onError: (thrown) => errors.push(thrown),
  })
  /** Cancels a new job that has an upload; answers its id. */
  const endedJob = async (): Promise<string> => {
    const { job } = await jobs.submit(jobs.draft({}), { uri: 's3://bucket/manifest.json' })
    await jobs.cancel(job.id)
    await store.put({ bucket: 'bucket', key: `datasets/${job.id}/a.txt` }, Buffer.from('a'))
    return job.id
  }
  const stateOf = async (id: string): Promise<JobState | undefined> => (await engine.get(id))?.state
  return {
    engine,
    retention,
    jobs,
    store,
    clock,
    errors,
    endedJob,
    stateOf,
    [Symbol.asyncDispose]: bench[Symbol.asyncDispose],
  }
}

test('jobs whose retention is over are forgotten with their objects, in as many pages as it takes', async () => {
  await using bench = await setUp()
  const ids = await Promise.all(Array.from({ length: 250 }, () => bench.endedJob()))
  assert.equal(await bench.retention.sweep(NEVER), 0)
  bench.clock.advance(14 * DAY_MS + 1)
  const young = await bench.endedJob()
  assert.equal(await bench.retention.sweep(NEVER), 250)
  assert.equal(await bench.stateOf(ids[0] ?? ''), undefined)
  assert.equal(await bench.stateOf(young), 'cancelled')
  assert.equal(bench.store.objects.size, 1)
})

test('a job that is retried while it is being removed is either gone or has its files', async () => {
  await using bench = await setUp()
  const id = await bench.endedJob()
  bench.clock.advance(15 * DAY_MS)
  const reached = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  bench.store.deleting = () => {
    reached.resolve()
    return goOn.promise
  }
  const swept = bench.retention.sweep(NEVER)
  await reached.promise
  const retried = bench.jobs.retry(id, { failedFilesOnly: false })
  goOn.resolve()
  await assert.rejects(retried, { code: 'JOB_NOT_FOUND' })
  assert.equal(await swept, 1)
})

test('a job retried since it was listed is left, with its files', async () => {
  await using bench = await setUp()
  const first = await bench.endedJob()
  bench.clock.advance(1)
  await bench.endedJob()
  bench.clock.advance(15 * DAY_MS)
  const list = bench.jobs.list.bind(bench.jobs)
  bench.jobs.list = async (query) => {
    const page = await list(query)
    await bench.jobs.retry(first, { failedFilesOnly: false })
    return page
  }
  assert.equal(await bench.retention.sweep(NEVER), 1)
  assert.equal(await bench.stateOf(first), 'queued')
  assert.deepEqual([...bench.store.objects.keys()], [`s3://bucket/datasets/${first}/a.txt`])
  assert.deepEqual(bench.errors, [])
})

test('a job whose objects cannot be removed keeps no other from being forgotten', async () => {
  await using bench = await setUp()
  const ids = [await bench.endedJob(), await bench.endedJob(), await bench.endedJob()]
  bench.clock.advance(15 * DAY_MS)
  bench.store.deleting = async ([ref]) => {
    if (ref?.key.includes(ids[1] ?? '?')) throw new Error('access denied')
  }
  assert.equal(await bench.retention.sweep(NEVER), 2)
  assert.equal(bench.errors.length, 1)
  assert.equal(await bench.stateOf(ids[1] ?? ''), 'cancelled')
})

test('a stop ends a sweep after the jobs it is at: none is left half removed', async () => {
  await using bench = await setUp()
  await Promise.all(Array.from({ length: 40 }, () => bench.endedJob()))
  bench.clock.advance(15 * DAY_MS)
  const stop = new AbortController()
  bench.store.deleting = async () => stop.abort()
  const forgotten = await bench.retention.sweep(stop.signal)
  assert.ok(forgotten >= 1 && forgotten < 40)
  assert.equal(bench.store.objects.size, 40 - forgotten)
  assert.equal((await bench.jobs.counts()).states.cancelled, 40 - forgotten)
})

test('objects are looked for unless the record tells that there are none', async () => {
  await using bench = await setUp()
  const { jobs, store } = bench
  const looked: string[] = []
  const list = store.list.bind(store)
  store.list = (bucket, prefix) => {
    looked.push(prefix)
    return list(bucket, prefix)
  }
  const ended: Record<string, string> = {}
  const end = async (name: string, outcome: Outcome, ofFolder = (_id: string): string => 'a'): Promise<void> => {
    const draft = jobs.draft({ maxAttempts: 1 })
    await jobs.submit(draft, { files: [{ uri: `s3://bucket/datasets/${ofFolder(draft.id)}/a.txt` }] })
    const run = await worker.next()
    await jobs.settle(run.lease, outcome)
    run.end()
    ended[name] = draft.id
  }
  const output = { uri: 's3://bucket/results/x', sizeBytes: 1, sha256: '0'.repeat(64), mediaType: 'text/plain' }
  const worker = new TestWorker(bench.engine)
  await end('without objects', COMPLETED)
  await end('with an upload', COMPLETED, (id) => id)
  await end('with an output', { type: 'completed', result: null, outputs: [output] })
  await end('that failed', UNRECOVERABLE)
  await worker.dispatch.stop()
  bench.clock.advance(15 * DAY_MS)
  assert.equal(await bench.retention.sweep(NEVER), 4)
  const isLookedFor = (name: string): boolean => looked.some((prefix) => prefix.includes(ended[name] ?? '?'))
  assert.deepEqual(Object.keys(ended).filter(isLookedFor), ['with an upload', 'with an output', 'that failed'])
})
