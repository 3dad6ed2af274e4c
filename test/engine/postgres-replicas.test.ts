import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Claim } from '../../src/engine/job-engine.ts'
import { DatabaseClock } from '../../src/engine/postgres/database-clock.ts'
import type { PostgresEngine } from '../../src/engine/postgres/postgres-engine.ts'
import type { LogLine } from '../../src/job/job.ts'
import { queueGroup } from '../../src/job/queue-group.ts'
import { describeTestEnd } from '../conformance/delivery-records.ts'
import { COMPLETED, decideOn, runOne, submit } from '../conformance/job-engine/bench.ts'
import { newJob } from '../support/new-job.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { TestWorker } from '../support/test-worker.ts'
import { type PostgresBench, postgresBench, proxyOf, through } from './postgres-bench.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

const openBench = (): Promise<PostgresBench> => postgresBench(server ?? { url: '' })

/** Replicas on the database's own time. */
const REAL = { beatMs: 300, silentMs: 1_000 }
const LEASE_MS = 1_500

/** Calls until the database answers. */
async function persist<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await call()
    } catch {
      await pause(20)
    }
  }
}

/** Works off what is due until stopped; notes every run. */
function workOn(engine: PostgresEngine, worker: string, runs: Pick<Claim, 'lease'>[], completed: string[]) {
  const kept = new Set<Claim['lease']>()
  const options = { worker, concurrency: 4, leaseMs: LEASE_MS }
  const dispatch = engine.dispatch(options, async ({ lease }) => {
    runs.push({ lease })
    kept.add(lease)
    await pause(Math.random() * 30)
    const now = engine.clock.now()
    const logs = [{ attempt: 1, at: now, level: 'info', message: 'takes a transaction' }] as const
    await persist(() => engine.save(lease, { progress: { stage: 'half' }, logs }))
    const job = await persist(() => engine.settle(lease, decideOn(COMPLETED, now), {}))
    kept.delete(lease)
    if (job?.state === 'completed') completed.push(lease.jobId)
  })
  const timer = setInterval(() => {
    engine.heartbeat([...kept], LEASE_MS).catch(() => {})
    engine.rescue((job) => decideOn({ type: 'expired' }, engine.clock.now())(job)).catch(() => {})
  }, 300)
  return { stop: () => dispatch.stop().finally(() => clearInterval(timer)) }
}

describe('replicas on one database', { skip }, () => {
  test('what a dead replica was telling is heard of with the heartbeat, and taken over when its lease is over', async () => {
    await using bench = await postgresBench(server ?? { url: '' }, { describeEnd: describeTestEnd })
    const other = await bench.replica()
    await submit(bench, { callbackUrl: 'https://a.example/' })
    await runOne(bench, COMPLETED)
    const wish = { limit: 1, perHost: 1, maxBytes: 1_000_000, busy: new Map(), leaseMs: 45_000 }
    const [first] = (await bench.engine.deliveries.claim(wish)).deliveries
    assert.ok(first)
    const heard = Promise.withResolvers<number>()
    other.deliveries.onDue(heard.resolve)
    const leaseEndsAt = bench.clock.now() + wish.leaseMs
    bench.advance(10_000)
    assert.equal(await heard.promise, leaseEndsAt)
    assert.deepEqual((await other.deliveries.claim(wish)).deliveries, [])
    bench.advance(35_000)
    const [second] = (await other.deliveries.claim(wish)).deliveries
    assert.deepEqual([second?.id, second?.token], [first.id, first.token + 1])
    const delivered = { state: 'delivered', dueAt: null, attempt: null } as const
    assert.equal(await bench.engine.deliveries.record(first, delivered), false)
  })

  test('replicas that claim at one moment take what is due between them, none of it twice', async () => {
    await using bench = await postgresBench(server ?? { url: '' }, { describeEnd: describeTestEnd })
    const engines = [bench.engine, await bench.replica(), await bench.replica()]
    for (let n = 0; n < 30; n++) {
      await submit(bench, { callbackUrl: `https://${n % 3}.example/` })
      await runOne(bench, COMPLETED)
    }
    const wish = { limit: 4, perHost: 2, maxBytes: 1_000_000, busy: new Map(), leaseMs: 45_000 }
    const claim = async (engine: PostgresEngine) => (await engine.deliveries.claim(wish)).deliveries.map(({ id }) => id)
    const taken: string[] = []
    while (taken.length < 30) taken.push(...(await Promise.all(engines.map(claim))).flat())
    assert.equal(new Set(taken).size, 30)
  })

  test('whatever connections are cut, every job completes once, and no two leases on one have the same token', async () => {
    await using bench = await openBench()
    const engines = await Promise.all([1, 2, 3].map(() => bench.replica({ ...REAL, clock: new DatabaseClock() })))
    const runs: Pick<Claim, 'lease'>[] = []
    const completed: string[] = []
    const workers = engines.map((engine, n) => workOn(engine, `worker-${n}`, runs, completed))
    let cuts = 0
    const cutting = setInterval(() => {
      const victims = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'longshore%' AND pid <> pg_backend_pid() AND random() < 0.3`
      bench.sql(victims).then(
        (rows) => (cuts += rows.length),
        () => {},
      )
    }, 60)
    const jobs = Array.from({ length: 400 }, () => newJob(engines[0]?.clock.now() ?? 0, { maxAttempts: 1_000 }))
    for (const [n, job] of jobs.entries()) {
      if (n % 4 === 0) await pause(5)
      persist(async () => engines[n % 3]?.insert(job))
    }
    const states = async () => (await persist(async () => engines[0]?.counts()))?.states
    while ((await states())?.completed !== jobs.length) await pause(50)
    clearInterval(cutting)
    await Promise.all(workers.map((worker) => worker.stop()))

    assert.ok(cuts > 30, `only ${cuts} connections were cut`)
    const claims = runs.map(({ lease }) => `${lease.jobId} ${lease.token}`)
    assert.equal(new Set(claims).size, claims.length, 'a token was given twice')
    assert.deepEqual(completed.sort(), jobs.map(({ id }) => id).sort(), 'every job is completed by one attempt')
    for (const { id } of jobs) {
      // The last cut may come now.
      const events = (await persist(async () => engines[0]?.since(id, 0, 10_000))) ?? []
      assert.equal(events.filter(({ type }) => type === 'job.completed').length, 1)
      assert.deepEqual(
        events.map(({ seq }) => seq),
        events.map((_, n) => n + 1),
      )
    }
    const [sums] = await bench.sql(`SELECT sum(queued)::int AS queued, sum(processing)::int AS processing,
      sum(completed)::int AS completed FROM ${bench.schema}.counters`)
    assert.deepEqual(sums, { queued: 0, processing: 0, completed: jobs.length })
  })

  test('a settlement whose answer was lost is known when it is asked for again, and a stale one still is not', async () => {
    await using proxy = await proxyOf(server?.url ?? '')
    await using bench = await openBench()
    const engine = await bench.replica({ url: through(proxy, server?.url ?? '') })
    const { id } = await submit(bench)
    const { lease } = await new TestWorker(engine).next()
    const lost = proxy.loseAnswerTo('SET revision')
    const settling = engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    await lost
    await assert.rejects(settling, { code: 'ENGINE_UNAVAILABLE' })
    assert.equal((await bench.engine.get(id))?.state, 'completed')
    assert.equal((await engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {}))?.state, 'completed')
    assert.equal(await engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {}), undefined)
    assert.equal((await bench.engine.since(id, 0, 10)).length, 3)
  })

  test('log lines that come again, because their writing got no answer, are kept once; those that were not written, too', async () => {
    await using proxy = await proxyOf(server?.url ?? '')
    await using bench = await openBench()
    // Behind a pooler each statement crosses the wire with its words.
    const engine = await bench.replica({ url: through(proxy, server?.url ?? ''), listenUrl: server?.url ?? '' })
    const { id } = await submit(bench)
    const { lease } = await new TestWorker(engine).next()
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((message) => ({ attempt: 1, at: 0, level: 'info', message }) as const)
    assert.ok(a && b && c && d)
    const twice = async (words: string, logs: LogLine[], more: LogLine[]): Promise<void> => {
      const lost = proxy.loseAnswerTo(words)
      const saving = engine.save(lease, { logs })
      await lost
      await assert.rejects(saving, { code: 'ENGINE_UNAVAILABLE' })
      assert.equal(await engine.save(lease, { logs: [...logs, ...more] }), true)
    }
    await twice('COMMIT', [a, b], [c])
    await twice('json_array_elements', [a], [d])
    const lost = proxy.loseAnswerTo('COMMIT')
    const saving = engine.save(lease, { logs: [b] })
    await lost
    await assert.rejects(saving, { code: 'ENGINE_UNAVAILABLE' })
    await engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), { logs: [b, c] })
    const kept = (await bench.engine.logs(id, 100)).map(({ message }) => message)
    assert.deepEqual(kept, ['a', 'b', 'c', 'a', 'd', 'b', 'c'])
  })

  test('a lease that is extended while its job is being rescued is kept', async () => {
    await using bench = await openBench()
    const { id } = await submit(bench)
    const { lease } = await new TestWorker(bench.engine).next()
    const other = await bench.replica()
    bench.advance(60_000)
    const rescued = await other.rescue((job) => {
      // Deciding is synchronous: the heartbeat is written by another session before the decision is.
      execFileSync('psql', [
        '-qc',
        `UPDATE ${bench.schema}.jobs SET lease_expires_at = lease_expires_at + 120000`,
        server?.url ?? '',
      ])
      return decideOn(COMPLETED, bench.clock.now())(job)
    })
    assert.deepEqual(rescued, [])
    const job = await bench.engine.get(id)
    assert.deepEqual([job?.state, job?.token], ['processing', lease.token])
  })

  test('a job whose claim got no answer runs all the same, as the same attempt', async () => {
    await using proxy = await proxyOf(server?.url ?? '')
    await using bench = await openBench()
    const engine = await bench.replica({ url: through(proxy, server?.url ?? '') })
    const { id } = await submit(bench)
    const lost = proxy.loseAnswerTo('RECURSIVE')
    const worker = new TestWorker(engine)
    await lost
    while (bench.errors.length === 0) await pause(10)
    bench.advance(1_000)
    const { job } = await worker.next()
    assert.deepEqual([job.id, job.attempt, job.token], [id, 1, 1])
  })

  test('a job whose insert got no answer, though it claimed it, runs all the same, as the same attempt', async () => {
    await using proxy = await proxyOf(server?.url ?? '')
    await using bench = await openBench()
    const engine = await bench.replica({ url: through(proxy, server?.url ?? '') })
    const worker = new TestWorker(engine)
    for (let round = 0; round < 2; round++) await engine.heartbeat([], 1)
    const lost = proxy.loseAnswerTo('claiming AS')
    const inserting = submit({ ...bench, engine })
    await lost
    await assert.rejects(inserting, { code: 'ENGINE_UNAVAILABLE' })
    const { job, lease, end } = await worker.next()
    assert.deepEqual([job.state, job.attempt, job.token], ['processing', 1, 1])
    await engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    end()
    assert.partialDeepStrictEqual(await engine.counts(), { states: { queued: 0, processing: 0, completed: 1 } })
  })

  test('a job that waits is taken by the replica that idles, though a busy one was rung for it', async () => {
    await using bench = await openBench()
    const busy = new TestWorker(bench.engine)
    await submit(bench)
    const long = await busy.next()
    const { id } = await submit(bench)
    const idle = new TestWorker(await bench.replica())
    assert.equal((await idle.next()).job.id, id)
    const third = await submit(bench)
    const late = new TestWorker(await bench.replica(), { concurrency: 2 })
    assert.equal((await late.next()).job.id, third.id)
    long.end()
  })

  test('a replica whose worker has stopped passes on what it hears', async () => {
    await using bench = await openBench()
    const other = await bench.replica()
    const stopped = new TestWorker(other, { worker: 'stopped' })
    await stopped.dispatch.stop()
    const worker = new TestWorker(bench.engine, { concurrency: 10 })
    // Which of the two hears a bell is up to chance; runs that go on claim nothing when they end.
    const runs = []
    for (let round = 0; round < 10; round++) {
      const { id } = await submit({ ...bench, engine: other })
      const run = await worker.next()
      assert.equal(run.job.id, id)
      runs.push(run)
    }
    for (const { end } of runs) end()
  })

  test('replicas keep to one limit of a group together', async () => {
    await using bench = await openBench()
    for (let n = 0; n < 8; n++) await submit(bench, { group: 'limited' })
    const options = { concurrency: 4, groupConcurrency: 3 }
    const replicas = [bench.engine, await bench.replica(), await bench.replica()]
    const workers = replicas.map((engine) => new TestWorker(engine, options))
    const running = (): number => workers.reduce((sum, worker) => sum + worker.running, 0)
    while (running() < 3) await pause(10)
    await pause(200)
    assert.equal(running(), 3)
  })

  test('replicas keep to one limit of a tenant together, and go on when one of its jobs ends', async () => {
    await using bench = await openBench()
    for (const group of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      await submit(bench, { tenant: 'acme', group: queueGroup('acme', group) })
    }
    const tenantConcurrency = () => ({ each: 3, own: new Map() })
    const replicas = [bench.engine, await bench.replica(), await bench.replica()]
    const workers = replicas.map((engine) => new TestWorker(engine, { concurrency: 4, tenantConcurrency }))
    const running = (): number => workers.reduce((sum, worker) => sum + worker.running, 0)
    while (running() < 3) await pause(10)
    await pause(200)
    assert.equal(running(), 3)
    for (let ended = 0; ended < 5; ended++) {
      const worker = workers.find((each) => each.untaken > 0)
      assert.ok(worker)
      const run = await worker.next()
      await bench.engine.settle(run.lease, decideOn(COMPLETED, bench.clock.now()), {})
      run.end()
      while (running() < 3) await pause(10)
    }
    await pause(100)
    assert.equal(Math.max(...workers.map(({ peak }) => peak)) <= 3, true)
    assert.equal((await bench.engine.counts()).states.processing, 3)
  })

  test('two replicas that start at once on an empty database migrate it once', async () => {
    await using bench = await openBench()
    await bench.engine.stop()
    await bench.sql(`DROP SCHEMA ${bench.schema} CASCADE`)
    const [one, two] = await Promise.all([bench.replica(), bench.replica()])
    assert.equal((await one.counts()).states.queued, (await two.counts()).states.queued)
    const steps = await bench.sql(`SELECT version FROM ${bench.schema}.migrations ORDER BY version`)
    assert.deepEqual(
      steps.map(({ version }) => version),
      steps.map((_, n) => n + 1),
    )
  })

  test('a schema that is not up to date, or is newer, is refused with what to do', async () => {
    await using bench = await openBench()
    await bench.sql(`INSERT INTO ${bench.schema}.migrations (version) VALUES (999)`)
    await assert.rejects(bench.replica(), { code: 'CONFIG_INVALID', message: /newer version/ })
    await bench.sql(`DROP SCHEMA ${bench.schema} CASCADE`)
    await assert.rejects(bench.replica({ migrates: false }), { code: 'CONFIG_INVALID', message: /longshore migrate/ })
  })
})
