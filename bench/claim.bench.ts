import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/base/clock.ts'
import { SqliteEngine } from '../src/engine/sqlite/sqlite-engine.ts'
import { median, report } from './support/report.ts'

const SMALL = 1_000
const LARGE = 1_000_000
/** Jobs claimed and settled in one measurement; the small queue must not run dry. */
const CLAIMS = 500
const RUNS = 15
const CONCURRENCY = 50
const BUDGET = { cpu: 4, memoryBytes: 1024 ** 3, scratchBytes: 1024 ** 3 }

/** What a queue of a million may be made of. */
interface Shape {
  what: string
  /** How many groups the jobs are spread over; 1 is no group at all. */
  groups: number
  /** How many of the jobs are not due for a day, of each hundred. */
  delayedPercent: number
  /** How many of a million, the oldest, need more than the worker has. */
  unfit: number
}

const SHAPES: readonly Shape[] = [
  { what: 'one group', groups: 1, delayedPercent: 0, unfit: 0 },
  { what: '1,000 groups', groups: 1_000, delayedPercent: 0, unfit: 0 },
  { what: 'every second delayed', groups: 1, delayedPercent: 50, unfit: 0 },
  { what: 'the oldest 100,000 too large', groups: 1, delayedPercent: 0, unfit: 100_000 },
]

const folder = await mkdtemp(join(process.cwd(), '.tmp-bench-'))
let files = 0

/** A database with this many queued jobs, written by one statement: through the engine a million would take 20 s. */
async function seed(count: number, { groups, delayedPercent, unfit }: Shape): Promise<string> {
  const path = join(folder, `${files++}.db`)
  const empty = new SqliteEngine({ path, clock: systemClock })
  await empty.start()
  await empty.stop()
  const db = new DatabaseSync(path)
  const now = Date.now()
  db.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
     INSERT INTO jobs (id, phase, version, created_at, updated_at, run_at, priority, grp, processor, manifest, max_attempts,
       timeout_ms, failed_files_only, attempt, attempt_base, token, files_total, files_done, files_failed, files_bytes, resources)
     SELECT printf('01890000-0000-7000-8000-%012d', i), CASE WHEN i % 100 < ? THEN 0 ELSE 1 END, 1, ?, ?,
       CASE WHEN i % 100 < ? THEN ? ELSE ? END + i / 1000, 0, CASE WHEN ? = 1 THEN '' ELSE 'group-' || (i % ?) END,
       '{"name":"bench","version":"1.0.0"}', '{"files":[{"uri":"s3://datasets/bench/one.dat"}]}', 3, 60000, 0, 0, 0, 0, 0, 0, 0, 0,
       CASE WHEN i < ? THEN '[8,0,0]' ELSE '' END
     FROM n`,
  ).run(
    count,
    delayedPercent,
    now,
    now,
    delayedPercent,
    now + 86_400_000,
    now - 2_000_000,
    groups,
    groups,
    count === LARGE ? unfit : 0,
  )
  db.close()
  return path
}

/** Opens the engine; answers how long that took. */
async function open(path: string): Promise<{ engine: SqliteEngine; startMs: number }> {
  const engine = new SqliteEngine({ path, clock: systemClock })
  const began = performance.now()
  await engine.start()
  return { engine, startMs: performance.now() - began }
}

/** Microseconds that one job takes to be claimed, run and settled. */
async function claimMicros(engine: SqliteEngine): Promise<number> {
  const done = Promise.withResolvers<void>()
  let settled = 0
  const began = performance.now()
  const options = { worker: 'bench', concurrency: CONCURRENCY, leaseMs: 60_000, budget: BUDGET }
  const dispatch = engine.dispatch(options, async ({ lease }) => {
    const completed = { event: 'job.completed', state: 'completed', refundAttempt: false, result: null } as const
    await engine.settle(lease, () => completed, {})
    if (++settled === CLAIMS) done.resolve()
  })
  await done.promise
  const micros = ((performance.now() - began) * 1_000) / CLAIMS
  await dispatch.stop()
  return micros
}

async function measure(shape: Shape): Promise<void> {
  const small: number[] = []
  const large: number[] = []
  const big = await open(await seed(LARGE, shape))
  // The first round reads the pages it needs from disk, and the code is not compiled yet.
  await claimMicros(big.engine)
  for (let run = 0; run < RUNS; run++) {
    const little = await open(await seed(SMALL * (shape.delayedPercent > 0 ? 2 : 1), shape))
    small.push(await claimMicros(little.engine))
    await little.engine.stop()
    large.push(await claimMicros(big.engine))
  }
  await big.engine.stop()
  report({
    what: `claim and settle with 10^6 queued, ${shape.what}`,
    unit: 'µs/job',
    ours: median(large),
    baseline: { name: 'with 10^3 queued', value: median(small) },
    goal: { atMost: 1.5 },
  })
  report({ what: `start with 10^6 queued, ${shape.what}`, unit: 'ms', ours: big.startMs, goal: { atMost: 1_000 } })
}

try {
  for (const shape of SHAPES) await measure(shape)
} finally {
  await rm(folder, { recursive: true, force: true })
}
