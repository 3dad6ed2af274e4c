import type { Job } from '../../job/job.ts'
import { type Database, storable } from './database.ts'
import { readStoredJob, STORED_COLUMNS } from './job-entry.ts'

/** Forgets final jobs with all that belongs to them. `owner` is the row of `counters` that the sums go to. */
export async function pruneJobs(db: Database, ids: readonly string[], owner: string): Promise<Job[]> {
  const { schema } = db
  const gone = ['events', 'files', 'logs'].map(
    (table) => `of_${table} AS (DELETE FROM ${schema}.${table} USING gone WHERE job = gone.num)`,
  )
  const rows = await db.query(
    `WITH gone AS (
      DELETE FROM ${schema}.jobs WHERE id = ANY($1) AND phase >= 3 RETURNING ${STORED_COLUMNS}
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
