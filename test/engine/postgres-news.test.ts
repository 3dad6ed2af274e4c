import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { JobGlance } from '../../src/engine/activity.ts'
import { JobFeed } from '../../src/engine/job-feed.ts'
import { DatabaseClock } from '../../src/engine/postgres/database-clock.ts'
import { COMPLETED, decideOn, submit } from '../conformance/job-engine/bench.ts'
import { newJob } from '../support/new-job.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { TestWorker } from '../support/test-worker.ts'
import { until } from '../support/until.ts'
import { type PostgresBench, postgresBench, proxyOf, through } from './postgres-bench.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

const openBench = (): Promise<PostgresBench> => postgresBench(server ?? { url: '' })

/** Replicas on the database's own time. */
const REAL = { beatMs: 300, silentMs: 1_000 }
const LEASE_MS = 1_500

/** Ends every connection that listens for news. */
async function cutListeners({ sql }: PostgresBench): Promise<void> {
  const cut = await sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'longshore news'",
  )
  assert.notEqual(cut.length, 0)
}

describe('what replicas tell each other', { skip }, () => {
  test('who watches all jobs hears what another replica changed, each job as it stands, and sees who works there', async () => {
    await using bench = await openBench()
    const presence = { name: 'elsewhere', role: 'worker' } as const
    const elsewhere = await bench.replica({ ...REAL, clock: new DatabaseClock(), presence })
    const here = await bench.replica({ ...REAL, clock: new DatabaseClock() })
    const heard = Promise.withResolvers<JobGlance>()
    const stop = here.activity.watch((job) => job?.state === 'completed' && heard.resolve(job))
    const { job } = await elsewhere.insert(newJob(here.clock.now()))
    const dispatch = elsewhere.dispatch(
      { worker: 'elsewhere', concurrency: 1, leaseMs: LEASE_MS },
      async ({ lease }) => {
        const running = (await here.activity.workers()).find(({ name }) => name === 'elsewhere')
        assert.partialDeepStrictEqual(running, { role: 'worker', busy: 1, running: [{ id: job.id, attempt: 1 }] })
        await elsewhere.settle(lease, decideOn(COMPLETED, elsewhere.clock.now()), {})
      },
    )
    assert.partialDeepStrictEqual(await heard.promise, { id: job.id, attempt: 1, tenant: null, error: null })
    stop()
    await dispatch.stop()
  })

  test('who follows a job hears its end, though it could not be read when it was told', async () => {
    await using proxy = await proxyOf(server?.url ?? '')
    await using bench = await openBench()
    const engine = await bench.replica({ url: through(proxy, server?.url ?? ''), listenUrl: server?.url ?? '' })
    const { id } = await submit(bench)
    const heard: string[] = []
    engine.subscribe(({ type }) => heard.push(type), id)
    const { lease } = await new TestWorker(bench.engine).next()
    await until(() => heard.includes('job.started'))
    const lost = proxy.loseAnswerTo('ORDER BY seq')
    await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    await lost
    await until(() => bench.errors.length > 0)
    bench.advance(5_000)
    await until(() => heard.includes('job.completed'))
    assert.deepEqual(heard.slice(heard.indexOf('job.started')), ['job.started', 'job.completed'])
  })

  test('a worker hears of a cancel that was asked for while its listening connection was cut', async () => {
    await using bench = await openBench()
    await submit(bench)
    const { lease, end } = await new TestWorker(bench.engine).next()
    const heard = Promise.withResolvers<void>()
    bench.engine.subscribe(({ type }) => type === 'job.cancel_requested' && heard.resolve(), lease.jobId)
    const other = await bench.replica()
    await cutListeners(bench)
    await other.requestCancel(lease.jobId)
    const ticking = setInterval(() => bench.advance(100), 10)
    await heard.promise
    clearInterval(ticking)
    end()
  })

  test('who watches all jobs hears that some were missed when the listening connection is there again', async () => {
    await using bench = await openBench()
    const missed = Promise.withResolvers<void>()
    const stop = bench.engine.activity.watch((job) => job === undefined && missed.resolve())
    await cutListeners(bench)
    const ticking = setInterval(() => bench.advance(100), 10)
    await missed.promise
    clearInterval(ticking)
    stop()
  })

  test('of many running jobs that are cancelled at one moment, each is told at the other replicas', async () => {
    await using bench = await openBench()
    const other = await bench.replica()
    const jobs = await Promise.all(Array.from({ length: 120 }, () => submit(bench)))
    const worker = new TestWorker(bench.engine, { concurrency: jobs.length })
    for (const _ of jobs) await worker.next()
    const heard = new Set<string>()
    for (const { id } of jobs) {
      other.subscribe(({ type }) => type === 'job.cancel_requested' && heard.add(id), id)
    }
    await Promise.all(jobs.map(({ id }) => bench.engine.requestCancel(id)))
    await until(() => heard.size === jobs.length)
    assert.deepEqual(bench.errors, [])
  })

  test('a follower at another replica hears of changes, though every notification is lost', async () => {
    await using bench = await openBench()
    const other = await bench.replica()
    await cutListeners(bench)
    const { id, version } = await submit(bench)
    const waiting = new JobFeed(other, bench.clock).waitForChange(id, version, 60_000)
    await other.counts()
    await bench.engine.requestCancel(id)
    bench.advance(5_000)
    assert.equal((await waiting)?.state, 'cancelled')
    assert.equal((await new JobFeed(other, bench.clock).waitForChange(id, 1, 60_000))?.state, 'cancelled')
  })

  test('a follower at another replica hears every event, in order', async () => {
    await using bench = await openBench()
    const other = await bench.replica()
    const { id } = await submit(bench)
    const seqs: number[] = []
    const following = (async () => {
      const events = new JobFeed(other, bench.clock).follow(id, 0, AbortSignal.timeout(20_000))
      for await (const { seq } of events) seqs.push(seq)
    })()
    const { lease } = await new TestWorker(bench.engine).next()
    for (let n = 0; n < 50; n++) await bench.engine.save(lease, { progress: { stage: 's', n } })
    await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    await following
    assert.deepEqual(
      seqs,
      Array.from({ length: 53 }, (_, n) => n + 1),
    )
  })
})
