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
const CLIENTS = [64, 256] as const
const WARM_UP_TURNS = 4
const ROUNDS = 7
const CONCURRENCY = '256'
const WAKE_UPS = 200
const WARM_WAKE_UPS = 20

/** Jobs of a turn, which takes about a second. */
const JOBS: Record<string, number> = { Longshore: 5_000, BullMQ: 5_000, 'pg-boss': 1_000 }

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
  const services: [name: string, replicas: readonly [Target, ...Target[]]][] = []
  for (const [name, start] of Object.entries(contestants)) {
    const first = started.use(await start('all'))
    const others: Target[] = []
    while (others.length + 1 < replicas) others.push(started.use(await start('all')))
    services.push([name, [first, ...others]])
  }
  const rounds: Turn[][] = []
  for (let round = -WARM_UP_TURNS; round < ROUNDS; round++) {
    const turns: Turn[] = []
    for (const clients of CLIENTS) {
      for (const [name, targets] of services) {
        const perReplica = clients / targets.length
        turns.push({ name, clients, rate: await completeAcross(targets, JOBS[name] ?? 0, perReplica) })
      }
    }
    if (round >= 0) rounds.push(turns)
  }
  const what = `no-op jobs over HTTP, submitted to completed, replicas: ${replicas}`
  for (const rival of Object.keys(contestants).filter((name) => name !== 'Longshore')) {
    for (const clients of CLIENTS) {
      const compared = compare(rounds, rival, (turn) => turn.clients === clients)
      report({ what: `${what}, clients: ${clients}`, unit: 'jobs/s', ...compared })
    }
    const best = compare(rounds, rival, () => true)
    report({ what: `${what}, each with the clients it does best with`, unit: 'jobs/s', ...best, goal: { atLeast: 1 } })
  }
}

/** What one service did in one turn, in jobs a second. */
interface Turn {
  name: string
  clients: number
  rate: number
}

/** The better of the turns of a round that count, ours beside a rival's. */
function compare(rounds: readonly Turn[][], rival: string, counts: (turn: Turn) => boolean) {
  const bestOf = (turns: readonly Turn[], whose: string): number =>
    Math.max(...turns.filter((turn) => turn.name === whose && counts(turn)).map(({ rate }) => rate))
  const ours = rounds.map((turns) => bestOf(turns, 'Longshore'))
  const theirs = rounds.map((turns) => bestOf(turns, rival))
  const ratio = median(rounds.map((turns) => bestOf(turns, 'Longshore') / bestOf(turns, rival)))
  return { ours: median(ours), baseline: { name: rival, value: median(theirs), ratio } }
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
