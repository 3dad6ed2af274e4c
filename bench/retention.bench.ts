import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../src/base/clock.ts'
import { JobManager } from '../src/engine/job-manager.ts'
import type { ServiceEngine } from '../src/engine/open-engine.ts'
import { PostgresEngine } from '../src/engine/postgres/postgres-engine.ts'
import { Retention } from '../src/engine/retention.ts'
import { SqliteEngine } from '../src/engine/sqlite/sqlite-engine.ts'
import { LocalStore } from '../src/storage/local-store.ts'
import { JOB_RULES } from '../test/support/job-rules.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { report } from './support/report.ts'

/**
 * How many ended jobs a second one replica forgets, beside how many it ends: jobs of which the record tells that they
 * left no objects, and jobs of which it does not, each with one object in the local store.
 */
const JOBS = 5_000
const CONCURRENCY = 25
const BUCKET = 'bench'
const RULES = { ...JOB_RULES, maxQueued: 1_000_000 }

const folder = await mkdtemp(join(process.cwd(), '.tmp-bench-'))

/** Ends jobs that do nothing; answers their ids. */
async function endJobs(jobs: JobManager, left: boolean): Promise<string[]> {
  const drafts = Array.from({ length: JOBS }, () => jobs.draft({}))
  const folderOf = (id: string): string => (left ? id : 'shared')
  for (let at = 0; at < JOBS; at += 500) {
    const page = drafts.slice(at, at + 500)
    await Promise.all(
      page.map((draft) => jobs.submit(draft, { files: [{ uri: `s3://${BUCKET}/datasets/${folderOf(draft.id)}/a` }] })),
    )
  }
  const { promise, resolve } = Promise.withResolvers<void>()
  let ended = 0
  const dispatch = jobs.dispatch({ worker: 'bench', concurrency: CONCURRENCY, leaseMs: 60_000 }, async ({ lease }) => {
    await jobs.settle(lease, { type: 'completed', result: null, outputs: [] })
    if (++ended === JOBS) resolve()
  })
  await promise
  await dispatch.stop()
  return drafts.map(({ id }) => id)
}

async function measure(what: string, engine: ServiceEngine, time: Clock, left: boolean): Promise<void> {
  const store = new LocalStore({ folder: join(folder, 'objects'), signingSecret: 'x'.repeat(32) })
  await store.start()
  const jobs = new JobManager({ engine, clock: time, rules: RULES })
  const began = performance.now()
  const ids = await endJobs(jobs, left)
  const endedIn = performance.now() - began
  if (left) for (const id of ids) await store.put({ bucket: BUCKET, key: `datasets/${id}/a` }, Buffer.from('a'))
  const clock = { ...systemClock, now: () => time.now() + 1_000 }
  const prefixes = { datasetsPrefix: 'datasets', resultsPrefix: 'results' }
  const onError = (thrown: unknown): void => console.error(thrown)
  const parts = { jobs, ingests: engine.ingests, store, clock, bucket: BUCKET, ...prefixes, retentionMs: 1, onError }
  const from = performance.now()
  const forgotten = await new Retention(parts).sweep(new AbortController().signal)
  const rate = (forgotten * 1000) / (performance.now() - from)
  if (forgotten !== JOBS) throw new Error(`${forgotten} of ${JOBS} were forgotten`)
  const baseline = { name: 'jobs submitted and ended', value: (JOBS * 1000) / endedIn }
  report({
    what: `retention, ${what}, ${left ? 'one object each' : 'no objects'}`,
    unit: 'jobs/s',
    ours: rate,
    baseline,
  })
}

const sqlite = new SqliteEngine({ path: join(folder, 'jobs.db'), clock: systemClock })
const server = await startPostgres([])
const postgres = server && new PostgresEngine({ url: server.url, schema: 'retention' })
try {
  await sqlite.start()
  for (const left of [false, true]) await measure('SQLite', sqlite, systemClock, left)
  await sqlite.stop()
  await postgres?.start()
  for (const left of [false, true]) if (postgres) await measure('PostgreSQL', postgres, postgres.clock, left)
  await postgres?.stop()
  await server?.[Symbol.asyncDispose]()
} finally {
  await rm(folder, { recursive: true, force: true })
}
