import type { Lease } from '../../job/job.ts'
import type { LeaseNews } from '../job-engine.ts'
import { integer, text } from '../record/columns.ts'
import type { Database } from './database.ts'

/** Moves the ends of leases that are current, never back, as a statement may be late; tells of each whether it is lost and whether its job is to be cancelled. */
export async function extendLeases(db: Database, leases: readonly Lease[], expiresAt: number): Promise<LeaseNews[]> {
  if (leases.length === 0) return []
  const rows = await db.query(
    `UPDATE ${db.schema}.jobs j SET lease_expires_at = greatest(j.lease_expires_at, $2)
      FROM json_to_recordset($1::json) AS held(id text, token integer)
      WHERE j.id = held.id AND j.token = held.token AND j.phase = 2
      RETURNING j.id, j.token, (j.cancel_requested_at IS NOT NULL)::integer`,
    [JSON.stringify(leases.map(({ jobId, token }) => ({ id: jobId, token }))), expiresAt],
  )
  const kept = new Map(rows.map((row) => [`${text(row, 0)}:${integer(row, 1)}`, integer(row, 2) === 1]))
  return leases.map(({ jobId, token, expiresAt: before }) => {
    const cancelRequested = kept.get(`${jobId}:${token}`)
    const lost = cancelRequested === undefined
    return { jobId, token, lost, cancelRequested: cancelRequested ?? false, expiresAt: lost ? before : expiresAt }
  })
}

/** The jobs whose leases have run out, and the tokens of those. */
export async function expiredJobs(db: Database, now: number): Promise<{ id: string; token: number }[]> {
  const rows = await db.query(`SELECT id, token FROM ${db.schema}.jobs WHERE phase = 2 AND lease_expires_at <= $1`, [
    now,
  ])
  return rows.map((row) => ({ id: text(row, 0), token: integer(row, 1) }))
}
