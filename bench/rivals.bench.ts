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
 * and run jobs, each of which looks for its one input file, ours in the object store. The three work in turns, in the
 * opposite order every other round, so that a machine that grows faster or slower meets all alike; of the ratios of all
 * rounds the middle one is told.
 */
const CLIENTS = [64, 256] as const
const WARM_UP_ROUNDS = 4
const ROUNDS = 8
const CONCURRENCY = '256'
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

interface Contestant {
  name: string
  /** Jobs of a turn, which takes about a second. */
  jobs: number
  start(role: Role, ...rest: string[]): Promise<Target>
}

const longshore: Contestant = {
  name: 'Longshore',
  jobs: 5_000,
  start: (role, ...rest) => startTarget('noop-service.ts', [CONCURRENCY, ...shared, `ROLE=${role}`, ...rest]),
}
const rivals: readonly Contestant[] = [
  {
    name: 'BullMQ',
    jobs: 5_000,
    start: (role, ...rest) =>
      startTarget('bullmq-service.ts', [String(redis.port), CONCURRENCY, role, `input=${input}`, ...rest]),
  },
  {
    name: 'pg-boss',
    jobs: 1_000,
    start: (role, ...rest) =>
      startTarget('pg-boss-service.ts', [postgres.url, CONCURRENCY, role, `input=${input}`, ...rest]),
  },
]

for (const replicas of [1, 2, 4]) await compareThroughput(replicas)
await compareWakeUps()
await postgres[Symbol.asyncDispose]()
await rm(folder, { recursive: true, force: true })

async function compareThroughput(replicas: number): Promise<void> {
  await using started = new AsyncDisposableStack()
  const services: { contestant: Contestant; targets: readonly [Target, ...Target[]] }[] = []
  for (const contestant of [longshore, ...rivals]) {
    const first = started.use(await contestant.start('all'))
    const others: Target[] = []
    while (others.length + 1 < replicas) others.push(started.use(await contestant.start('all')))
    services.push({ contestant, targets: [first, ...others] })
  }
  const rounds: Turn[][] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const turns: Turn[] = []
    for (const clients of CLIENTS) {
      for (const { contestant, targets } of round % 2 === 0 ? services : services.toReversed()) {
        const rate = await completeAcross(targets, contestant.jobs, clients / targets.length)
        turns.push({ contestant, clients, rate })
      }
    }
    if (round >= 0) rounds.push(turns)
  }
  for (const rival of rivals) reportThroughput(rounds, rival, replicas)
}

/** What one service did in one turn, in jobs a second. */
interface Turn {
  contestant: Contestant
  clients: number
  rate: number
}

function reportThroughput(rounds: readonly Turn[][], rival: Contestant, replicas: number): void {
  const what = `no-op jobs over HTTP, submitted to completed, replicas: ${replicas}`
  const ratesOf = (whose: Contestant, clients: number): number[] =>
    rounds.map(
      (turns) => turns.find((turn) => turn.contestant === whose && turn.clients === clients)?.rate ?? Number.NaN,
    )
  const compare = (ours: number[], theirs: number[]) => ({
    unit: 'jobs/s',
    ours: median(ours),
    baseline: {
      name: rival.name,
      value: median(theirs),
      ratio: median(ours.map((rate, round) => rate / (theirs[round] ?? Number.NaN))),
    },
  })
  for (const clients of CLIENTS) {
    report({ what: `${what}, clients: ${clients}`, ...compare(ratesOf(longshore, clients), ratesOf(rival, clients)) })
  }
  const bestOf = (whose: Contestant): number[] =>
    CLIENTS.map((clients) => ratesOf(whose, clients)).reduce((best, rates) =>
      median(rates) > median(best) ? rates : best,
    )
  const best = compare(bestOf(longshore), bestOf(rival))
  report({ what: `${what}, each with the clients it does best with`, ...best, goal: { atLeast: 1 } })
}

async function compareWakeUps(): Promise<void> {
  for (const contestant of [longshore, ...rivals]) {
    const tookMs = await wakeUps(contestant)
    const goal = contestant === longshore && { goal: { atMost: 10 } }
    const what = `from POST to run at an idle worker in another process, ${contestant.name}`
    report({ what: `${what}, p50`, unit: 'ms', ours: at(tookMs, 0.5), ...goal })
    report({ what: `${what}, p99`, unit: 'ms', ours: at(tookMs, 0.99) })
  }
}

async function wakeUps({ start }: Contestant): Promise<number[]> {
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
