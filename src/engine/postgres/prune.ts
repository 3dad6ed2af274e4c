import type { Job } from '../../job/job.ts'
import type { Row } from '../record/columns.ts'
import { type Database, storable } from './database.ts'
import { readStoredJob, STORED_COLUMNS } from './job-entry.ts'

/** Forgets final jobs with all that belongs to them. `owner` is the row of `counters` that the sums go to. */
export async function pruneJobs(db: Database, ids: readonly string[], owner: string): Promise<Job[]> {
  const { schema } = db
  const gone = ['events', 'files', 'logs', 'deliveries'].map(
    (table) => `of_${table} AS (DELETE FROM ${schema}.${table} USING gone WHERE job = gone.num)`,
  )
  const rows = await db.query(
    `WITH gone AS (
      DELETE FROM ${schema}.jobs WHERE num IN (${finalJobs(db)}) RETURNING ${STORED_COLUMNS}
    ), ${gone.join(', ')}, counted AS (
      INSERT INTO ${schema}.counters AS c (owner, queued, processing, completed, failed, cancelled)
      SELECT '${owner}', 0, 0, -count(*) FILTER (WHERE phase = 3), -count(*) FILTER (WHERE phase = 4),
        -count(*) FILTER (WHERE phase = 5) FROM gone HAVING count(*) > 0
      ON CONFLICT (owner) DO UPDATE SET completed = c.completed + excluded.completed, failed = c.failed + excluded.failed,
        cancelled = c.cancelled + excluded.cancelled
    )
    SELECT * FROM gone`,
    [ids.map((id) => storable(id))],
  )
  return rows.map((row) => readStoredJob(row).job)
}

/**
 * Forgets final jobs of which `removeRest`, called for all at once, has removed what else they left. From before it begins such a job is marked,
 * and nobody requeues it, at any replica; a crash leaves the mark, as it leaves a job whose objects are half gone.
 */
export async function pruneWithRest(
  db: Database,
  ids: readonly string[],
  owner: string,
  removeRest: (job: Job) => Promise<boolean>,
): Promise<Job[]> {
  const mark = (by: 1 | -1, which: readonly string[]): Promise<Row[]> =>
    db.query(
      `UPDATE ${db.schema}.jobs SET forgetting = forgetting + ${by}, revision = revision + 1
        WHERE num IN (${finalJobs(db)}) RETURNING ${STORED_COLUMNS}`,
      [which.map((id) => storable(id))],
    )
  const failures: unknown[] = []
  const clear = async (job: Job): Promise<{ id: string; isCleared: boolean }> => {
    const isCleared = await removeRest(job).catch((failure: unknown) => {
      failures.push(failure)
      return false
    })
    return { id: job.id, isCleared }
  }
  const tried = await Promise.all((await mark(1, ids)).map((row) => clear(readStoredJob(row).job)))
  const idsOf = (cleared: boolean): string[] => tried.flatMap(({ id, isCleared }) => (isCleared === cleared ? id : []))
  const [left, cleared] = [idsOf(false), idsOf(true)]
  if (left.length > 0) await mark(-1, left)
  const forgotten = cleared.length > 0 ? await pruneJobs(db, cleared, owner) : []
  if (failures.length > 0) throw failures[0]
  return forgotten
}

/** In one order, so that replicas that sweep at once wait for each other and do not lock each other out. */
function finalJobs({ schema }: Database): string {
  return `SELECT num FROM ${schema}.jobs WHERE id = ANY($1) AND phase >= 3 ORDER BY num FOR UPDATE`
}
