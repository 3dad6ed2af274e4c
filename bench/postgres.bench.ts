import { setTimeout as pause } from 'node:timers/promises'
import { newId } from '../src/base/ids.ts'
import type { Claim } from '../src/engine/job-engine.ts'
import { PostgresEngine } from '../src/engine/postgres/postgres-engine.ts'
import type { NewJob } from '../src/job/job.ts'
import type { Settlement } from '../src/job/settlement.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { median, report } from './support/report.ts'

/** Jobs of one measurement of throughput. */
const JOBS = 3_000
const SUBMITTERS = 64
/** Jobs of one measurement of the claim rate; the small queue must not run dry. */
const CLAIMS = 500
const SMALL = 1_000
/** As many as fit into few enough pages that a bad plan reads all of them. */
const MEDIUM = 50_000
const LARGE = 1_000_000
const RUNS = 7
const WAKE_UPS = 300

const DONE: Settlement = { event: 'job.completed', state: 'completed', refundAttempt: false, result: 1, outputs: [] }

const server = await startPostgres([])
if (server === undefined) throw new Error('There is no PostgreSQL: install it, or set TEST_DATABASE_URL.')
const { url } = server

async function open(schema: string): Promise<PostgresEngine> {
  const engine = new PostgresEngine({ url, schema, onError: (thrown) => console.error(thrown) })
  await engine.start()
  return engine
}

function newJob({ clock }: PostgresEngine): NewJob {
  const now = clock.now()
  const manifest = { files: [{ uri: 's3://datasets/bench/one.dat' }] }
  const processor = { name: 'bench', version: '1.0.0' }
  const rest = { parameters: null, priority: 0, group: null, labels: {}, maxAttempts: 3, timeoutMs: 60_000 }
  return { id: newId(), createdAt: now, runAt: now, manifest, processor, ...rest }
}

/** Runs jobs that do nothing; resolves when `count` have completed. */
function work(engines: readonly PostgresEngine[], count: number, concurrency: number) {
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = count
  const dispatches = engines.map((engine, n) =>
    engine.dispatch({ worker: `bench-${n}`, concurrency, leaseMs: 60_000 }, async ({ lease }: Claim) => {
      if (left <= 0) return void (await engine.settle(lease, (job) => ({ ...INTERRUPTED, runAt: job.runAt }), {}))
      await engine.settle(lease, () => DONE, {})
      if (--left === 0) resolve()
    }),
  )
  return { done: promise, stop: () => Promise.all(dispatches.map((dispatch) => dispatch.stop())) }
}

const INTERRUPTED = { event: 'job.interrupted', state: 'queued', refundAttempt: true } as const

async function throughput(workers: number): Promise<void> {
  const engines = await Promise.all(Array.from({ length: workers }, () => open(`throughput_${workers}`)))
  const began = performance.now()
  const working = work(engines, JOBS, 25)
  let submitted = 0
  const submit = async (n: number): Promise<void> => {
    const engine = engines[n % workers]
    while (engine && submitted++ < JOBS) await engine.insert(newJob(engine), { maxQueued: 1_000_000 })
  }
  await Promise.all(Array.from({ length: SUBMITTERS }, (_, n) => submit(n)))
  await working.done
  const perSecond = JOBS / ((performance.now() - began) / 1_000)
  await working.stop()
  for (const engine of engines) await engine.stop()
  report({
    what: `jobs that do nothing, submitted to completed, replicas: ${workers}`,
    unit: 'jobs/s',
    ours: perSecond,
  })
}

/** From the call of `insert` at one replica to the run at another, which idles. */
async function wakeUp(): Promise<void> {
  const [front, back] = [await open('wake_up'), await open('wake_up')]
  const beganAt = new Map<string, number>()
  const tookMs: number[] = []
  const dispatch = back.dispatch({ worker: 'bench', concurrency: 4, leaseMs: 60_000 }, async ({ job, lease }) => {
    tookMs.push(performance.now() - (beganAt.get(job.id) ?? 0))
    await back.settle(lease, () => DONE, {})
  })
  for (let n = 0; n < WAKE_UPS; n++) {
    const job = newJob(front)
    beganAt.set(job.id, performance.now())
    await front.insert(job)
    await pause(15)
  }
  await dispatch.stop()
  await Promise.all([front.stop(), back.stop()])
  tookMs.sort((a, b) => a - b)
  const at = (share: number): number => tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN
  report({ what: 'from submit to run at another replica, p50', unit: 'ms', ours: at(0.5), goal: { atMost: 10 } })
  report({ what: 'from submit to run at another replica, p99', unit: 'ms', ours: at(0.99) })
}

async function claimRate(queued: number): Promise<number> {
  const schema = `claims_${queued}`
  const engine = await open(schema)
  const { Client } = await import('pg')
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(
    `INSERT INTO ${schema}.jobs (phase, id, version, created_at, updated_at, run_at, priority, grp, processor, manifest,
       max_attempts, timeout_ms, failed_files_only, attempt, attempt_base, token, files_total, files_done, files_failed, files_bytes)
     SELECT 1, 'job-' || i, 1, i, i, i, 0, '', '{"name":"bench","version":"1.0.0"}', '{"files":[]}', 3, 60000, 0, 0, 0, 0, 0, 0, 0, 0
     FROM generate_series(1, $1) AS i`,
    [queued],
  )
  await client.query(`VACUUM ANALYZE ${schema}.jobs`)
  const rates: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now()
    const working = work([engine], CLAIMS, 50)
    await working.done
    rates.push(CLAIMS / ((performance.now() - began) / 1_000))
    await working.stop()
    await client.query(
      `INSERT INTO ${schema}.jobs (phase, id, version, created_at, updated_at, run_at, priority, grp, processor, manifest,
         max_attempts, timeout_ms, failed_files_only, attempt, attempt_base, token, files_total, files_done, files_failed, files_bytes)
       SELECT 1, 'more-' || $2::int || '-' || i, 1, i, i, 9e12, 0, '', '{"name":"bench","version":"1.0.0"}', '{"files":[]}', 3, 60000, 0, 0, 0, 0, 0, 0, 0, 0
       FROM generate_series(1, $1) AS i`,
      [CLAIMS, run],
    )
  }
  await client.end()
  await engine.stop()
  return median(rates)
}

for (const workers of [1, 2, 4]) await throughput(workers)
await wakeUp()
const small = await claimRate(SMALL)
const baseline = { name: '1,000 queued', value: small }
for (const queued of [MEDIUM, LARGE]) {
  const what = `claimed and settled, ${queued.toLocaleString('en-US')} queued`
  report({ what, unit: 'jobs/s', ours: await claimRate(queued), baseline, goal: { atLeast: 0.8 } })
}
await server[Symbol.asyncDispose]()
