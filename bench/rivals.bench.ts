import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startPostgres } from '../test/support/postgres-server.ts'
import { completeAcross, startTarget, type Target } from './support/load.ts'
import { startRedis } from './support/redis-server.ts'
import { median, report } from './support/report.ts'

/**
 * No-op jobs from `POST` to completed, over HTTP, beside two services that are wired by hand: Fastify with BullMQ over a
 * Redis that syncs each write, and Fastify with pg-boss over the same PostgreSQL. Replicas are processes that take requests
 * and run jobs, each of which looks for its one input file, ours in the object store. The three work in turns, so that a
 * machine that grows faster or slower meets all alike; of each turn's ratio the middle one is told.
 */
const JOBS = 5_000
const WARM_UP = 20_000
const ROUNDS = 5
const CONCURRENCY = '64'
const WAKE_UPS = 200
const WARM_WAKE_UPS = 20

const postgres = await startPostgres([])
if (postgres === undefined) throw new Error('There is no PostgreSQL: install it, or set TEST_DATABASE_URL.')
await using redis = await startRedis()
const folder = await mkdtemp(join(tmpdir(), 'longshore-rivals-'))

const input = join(folder, 'input.txt')
await writeFile(input, 'x')

type Role = 'all' | 'api' | 'worker'
const shared = [`DATABASE_URL=${postgres.url}`, `OBJECTS_DIR=${folder}`, `SIGNING_SECRET=${'s'.repeat(32)}`]
const contestants: Record<string, (role: Role, ...rest: string[]) => Promise<Target>> = {
  Longshore: (role, ...rest) => startTarget('noop-service.ts', [CONCURRENCY, ...shared, `ROLE=${role}`, ...rest]),
  BullMQ: (role, ...rest) =>
    startTarget('bullmq-service.ts', [String(redis.port), CONCURRENCY, role, `input=${input}`, ...rest]),
  'pg-boss': (role, ...rest) =>
    startTarget('pg-boss-service.ts', [postgres.url, CONCURRENCY, role, `input=${input}`, ...rest]),
}

for (const replicas of [1, 2, 4]) await compareThroughput(replicas)
await compareWakeUps()
await postgres[Symbol.asyncDispose]()
await rm(folder, { recursive: true, force: true })

async function compareThroughput(replicas: number): Promise<void> {
  await using started = new AsyncDisposableStack()
  const services: Record<string, readonly [Target, ...Target[]]> = {}
  for (const [name, start] of Object.entries(contestants)) {
    const first = started.use(await start('all'))
    const others: Target[] = []
    while (others.length + 1 < replicas) others.push(started.use(await start('all')))
    services[name] = [first, ...others]
  }
  for (const replicas of Object.values(services)) await completeAcross(replicas, WARM_UP)
  const rounds: Record<string, number>[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const rates: Record<string, number> = {}
    for (const [name, replicas] of Object.entries(services)) rates[name] = await completeAcross(replicas, JOBS)
    rounds.push(rates)
  }
  const ratesOf = (name: string): number[] => rounds.map((rates) => rates[name] ?? Number.NaN)
  const ours = ratesOf('Longshore')
  for (const name of Object.keys(services).filter((each) => each !== 'Longshore')) {
    const theirs = ratesOf(name)
    const ratio = median(ours.map((rate, round) => rate / (theirs[round] ?? Number.NaN)))
    report({
      what: `no-op jobs over HTTP, submitted to completed, replicas: ${replicas}`,
      unit: 'jobs/s',
      ours: median(ours),
      baseline: { name, value: median(theirs), ratio },
      goal: { atLeast: 1 },
    })
  }
}

async function compareWakeUps(): Promise<void> {
  for (const [name, start] of Object.entries(contestants)) {
    const tookMs = await wakeUps(start)
    const isOurs = name === 'Longshore'
    const what = `from POST to run at an idle worker in another process, ${name}`
    report({ what: `${what}, p50`, unit: 'ms', ours: at(tookMs, 0.5), ...(isOurs && { goal: { atMost: 10 } }) })
    report({ what: `${what}, p99`, unit: 'ms', ours: at(tookMs, 0.99) })
  }
}

async function wakeUps(start: (role: Role, ...rest: string[]) => Promise<Target>): Promise<number[]> {
  await using worker = await start('worker', 'tell')
  await using api = await start('api')
  const tookMs: number[] = []
  const body = JSON.stringify({ manifest_inline: { files: [api.uri] } })
  for (let n = 0; n < WARM_WAKE_UPS + WAKE_UPS; n++) {
    await pause(15)
    const sentAt = process.hrtime.bigint()
    const begun = begunAfter(worker, sentAt)
    await fetch(`${api.url}/jobs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    tookMs.push(Number((await begun) - sentAt) / 1e6)
  }
  return tookMs.slice(WARM_WAKE_UPS).sort((a, b) => a - b)
}

/** When the next job began to run. */
async function begunAfter({ process: child }: Target, sentAt: bigint): Promise<bigint> {
  for (;;) {
    const [{ begunAt }] = await once(child, 'message')
    if (BigInt(begunAt) > sentAt) return BigInt(begunAt)
  }
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}
