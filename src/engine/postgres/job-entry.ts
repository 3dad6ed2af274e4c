import { integer, integerOrNull, type Row, textOrNull } from '../record/columns.ts'
import { ENTRY_COLUMNS, type JobEntry, readEntry } from '../record/job-row.ts'

/** A job's row with what only this engine keeps in it. */
export interface StoredJob extends JobEntry {
  /** Grows with every write; a write names the revision it was decided on. */
  readonly revision: number
  /** Files of the ledger that are `downloaded`. */
  readonly downloaded: number
  /** Token and worker of the attempt that settled last; null when it was rescued. */
  readonly endedBy: string | null
  /** Log lines that its attempts were ever given, those that are gone too. */
  readonly logLines: number
  /** What else the job left is being removed. */
  readonly forgetting: boolean
}

/** The columns of {@link readStoredJob}, in its order. */
export const STORED_COLUMNS = `${ENTRY_COLUMNS}, revision, files_downloaded, lease_expires_at, ended_by, forgetting, log_lines`

const OWN = ENTRY_COLUMNS.split(',').length

/** {@link STORED_COLUMNS} of a table that has another name in the statement. */
export function storedColumnsOf(table: string): string {
  return STORED_COLUMNS.split(', ')
    .map((column) => `${table}.${column}`)
    .join(', ')
}

export function readStoredJob(row: Row): StoredJob {
  const entry = readEntry(row, () => ({ files: [] }))
  const job = { ...entry.job, leaseExpiresAt: integerOrNull(row, OWN + 2) }
  return {
    ...entry,
    job,
    revision: integer(row, OWN),
    downloaded: integer(row, OWN + 1),
    endedBy: textOrNull(row, OWN + 3),
    forgetting: integer(row, OWN + 4) > 0,
    logLines: integer(row, OWN + 5),
  }
}
