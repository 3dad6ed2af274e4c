import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/base/clock.ts'
import { newId } from '../src/base/ids.ts'
import { JobManager } from '../src/engine/job-manager.ts'
import { SqliteEngine } from '../src/engine/sqlite/sqlite-engine.ts'
import { DEFAULT_RETRY_POLICY } from '../src/job/retry-policy.ts'
import { report } from './support/report.ts'
import { beside, takeTurns } from './support/take-turns.ts'

const JOBS = 20_000
const GROUP = 50
const ROUNDS = 24
const MANIFEST = { files: [{ uri: 's3://datasets/bench/one.dat' }] }

/** A folder on the disk of the working directory: /tmp may be memory, where an fsync costs nothing. */
const folder = await mkdtemp(join(process.cwd(), '.tmp-bench-'))

/** Insert, claim the oldest and complete in groups of 50, one transaction each, with nothing around it. */
function rawSqlite(file: number): number {
  const db = new DatabaseSync(join(folder, `raw-${file}.db`))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE jobs (num INTEGER PRIMARY KEY, id TEXT UNIQUE, state INTEGER, body TEXT, result TEXT)')
  db.exec('CREATE INDEX jobs_queued ON jobs (num) WHERE state = 0')
  const insert = db.prepare('INSERT INTO jobs (id, state, body) VALUES (?, 0, ?)')
  const claim = db.prepare(
    `UPDATE jobs SET state = 1 WHERE num IN (SELECT num FROM jobs WHERE state = 0 ORDER BY num LIMIT ${GROUP}) RETURNING num`,
  )
  const complete = db.prepare('UPDATE jobs SET state = 2, result = ? WHERE num = ?')
  const together = (action: () => void): void => {
    db.exec('BEGIN')
    action()
    db.exec('COMMIT')
  }
  const body = JSON.stringify(MANIFEST)
  const began = performance.now()
  for (let done = 0; done < JOBS; done += GROUP) {
    together(() => {
      for (let n = 0; n < GROUP; n++) insert.run(newId(), body)
    })
    let claimed: ReturnType<typeof claim.all> = []
    together(() => {
      claimed = claim.all()
    })
    together(() => {
      for (const { num } of claimed) complete.run('{"ok":true}', num ?? null)
    })
  }
  const perSecond = JOBS / ((performance.now() - began) / 1000)
  db.close()
  return perSecond
}

/** The same jobs through the job manager: submitted by 50 clients, each its next as soon as the one before is kept. */
async function jobManager(file: number): Promise<number> {
  const engine = new SqliteEngine({ path: join(folder, `engine-${file}.db`), clock: systemClock })
  await engine.start()
  const manager = new JobManager({
    engine,
    clock: systemClock,
    rules: {
      processor: { name: 'bench', version: '1.0.0' },
      checkParameters: () => {},
      checkCallbackUrl: () => {},
      maxAttempts: 3,
      timeoutMs: 60_000,
      retry: DEFAULT_RETRY_POLICY,
      maxQueued: 1_000_000,
    },
  })
  const ended = Promise.withResolvers<void>()
  let completed = 0
  let heard = 0
  engine.subscribe((event) => {
    heard++
    if (event.type === 'job.completed' && ++completed === JOBS) ended.resolve()
  })
  const began = performance.now()
  const dispatch = manager.dispatch({ worker: 'bench', concurrency: GROUP, leaseMs: 60_000 }, async ({ lease }) => {
    await manager.settle(lease, { type: 'completed', result: { ok: true }, outputs: [] })
  })
  let submitted = 0
  const client = async (): Promise<void> => {
    while (submitted++ < JOBS) await manager.submit(manager.draft({}), MANIFEST)
  }
  await Promise.all(Array.from({ length: GROUP }, client))
  await ended.promise
  const perSecond = JOBS / ((performance.now() - began) / 1000)
  await dispatch.stop()
  await engine.stop()
  if (heard !== 3 * JOBS) throw new Error(`${heard} events were heard instead of ${3 * JOBS}`)
  return perSecond
}

try {
  let file = 0
  const rates = await takeTurns({ raw: () => rawSqlite(file++), ours: () => jobManager(file++) }, ROUNDS)
  report({
    what: 'no-op jobs through the job manager',
    unit: 'jobs/s',
    ...beside(rates.ours, 'raw node:sqlite in groups of 50', rates.raw),
    goal: { atLeast: 0.4 },
  })
} finally {
  await rm(folder, { recursive: true, force: true })
}
