import type { JobFile, JobState } from '../../job/job.ts'
import { integerOrNull } from '../record/columns.ts'
import { isSilent } from '../record/job-row.ts'
import { PHASE, phasesOf } from '../record/phase.ts'
import { PROGRESS_KEPT, TRIM_EVERY } from '../record/row-events.ts'
import { type Database, type Run, storable } from './database.ts'
import type { JobDraft } from './job-draft.ts'
import type { StoredJob } from './job-entry.ts'

/** Columns that may change after a job was submitted and are never NULL, with their types. One that is left out stays as it is. */
const KEPT_COLUMNS = {
  phase: 'smallint',
  version: 'integer',
  updated_at: 'bigint',
  run_at: 'bigint',
  failed_files_only: 'integer',
  attempt: 'integer',
  attempt_base: 'integer',
  files_total: 'integer',
  files_done: 'integer',
  files_failed: 'integer',
  files_downloaded: 'integer',
  files_bytes: 'bigint',
  log_lines: 'integer',
} as const

/** The others that may change. One that is left out becomes NULL, at no cost of being sent and read. */
const NULL_COLUMNS = {
  started_at: 'bigint',
  completed_at: 'bigint',
  cancel_requested_at: 'bigint',
  worker: 'text',
  ended_by: 'text',
  checkpoint: 'text',
  progress: 'text',
  result: 'text',
  error: 'text',
  errors: 'text',
  outputs: 'text',
  events: 'text',
} as const

const FILE_COLUMNS = 'uri, state, size_bytes, etag, sha256, error'

const STATES = ['queued', 'processing', 'completed', 'failed', 'cancelled'] as const

/** Writes what rounds made of jobs. */
export class JobWrites {
  readonly #db: Database
  readonly #maxLogLines: number
  readonly #writeRows: string
  readonly #sql: Record<'markDone' | 'clearFiles' | 'addLogs' | 'trimLogs' | 'trimEvents' | 'addDeliveries', string>

  /**
   * @param owner the row of `counters` that this writer's sums go to
   * @param ring a FROM item that rings for workers
   */
  constructor(db: Database, { maxLogLines, owner, ring }: { maxLogLines: number; owner: string; ring: string }) {
    this.#db = db
    this.#maxLogLines = maxLogLines
    this.#writeRows = writeRowsSql(db.schema, owner, ring)
    this.#sql = restSql(db.schema)
  }

  /** Writes each draft whose job is still at the revision it was made from; answers the numbers of those jobs. */
  async write(drafts: readonly JobDraft[]): Promise<Set<number>> {
    const changed = drafts.filter((draft) => draft.isChanged || draft.hasRest)
    if (changed.length === 0) return new Set()
    const isMore = changed.some(isMoreThanRows)
    return isMore
      ? this.#db.transactOften((run) => this.#writeAll(run, changed))
      : this.#rows(this.#db.queryOften, changed)
  }

  /** What the ledgers lose goes first, in the same transaction: the statement of the rows brings what they gain. */
  async #writeAll(run: Run, drafts: readonly JobDraft[]): Promise<Set<number>> {
    const sql = this.#sql
    for (const { before, clearsLedger, marksDone } of drafts) {
      const mark = [before.num, before.revision]
      if (clearsLedger) await run(sql.clearFiles, mark)
      if (marksDone) await run(sql.markDone, mark)
    }
    const written = await this.#rows(run, drafts)
    const kept = drafts.filter((draft) => written.has(draft.before.num))
    for (const draft of kept) await this.#writeRest(run, draft)
    const deliveries = kept.flatMap((draft) => draft.deliveries.map((each) => ({ job: draft.before.num, ...each })))
    if (deliveries.length > 0) await run(this.#sql.addDeliveries, [JSON.stringify(deliveries)])
    return written
  }

  async #rows(run: Run, drafts: readonly JobDraft[]): Promise<Set<number>> {
    const rows = drafts.map(({ before, after }) => rowOf(before, after))
    const events = drafts.flatMap(({ before, events }) =>
      events.map(({ data, ...event }) => ({ job: before.num, ...event, data: JSON.stringify(data) })),
    )
    const files = drafts.flatMap(({ before, files }) => [...files.values()].map((file) => fileRowOf(before.num, file)))
    const counted = drafts.flatMap(({ before, counted }) => counted.map((each) => ({ job: before.num, ...each })))
    const written = await run(
      this.#writeRows,
      [rows, events, files, counted].map((each) => JSON.stringify(each)),
    )
    return new Set(written.flatMap((row) => integerOrNull(row, 0) ?? []))
  }

  async #writeRest(run: Run, draft: JobDraft): Promise<void> {
    const { num } = draft.before
    const sql = this.#sql
    if (draft.logs.length > 0) {
      const kept = this.#maxLogLines === 0 ? [] : draft.logs.slice(-this.#maxLogLines)
      const lines = kept.map(({ fields, message, ...line }) => ({
        ...line,
        message: storable(message),
        fields: fields ? JSON.stringify(fields) : null,
      }))
      await run(sql.addLogs, [num, JSON.stringify(lines)])
      await run(sql.trimLogs, [num, this.#maxLogLines])
    }
    const below = trimBelow(draft)
    if (below > 0) await run(sql.trimEvents, [num, below])
  }
}

/** Whether more is written than the statement of the rows does, with their events and what the ledgers gain. */
function isMoreThanRows(draft: JobDraft): boolean {
  const { clearsLedger, marksDone, logs, deliveries } = draft
  return clearsLedger || marksDone || logs.length > 0 || deliveries.length > 0 || trimBelow(draft) > 0
}

/** Up to which event progress is dropped; 0 when none is due. */
function trimBelow({ before, after }: JobDraft): number {
  const { version } = after.job
  const crossed = Math.floor(version / TRIM_EVERY) > Math.floor(before.job.version / TRIM_EVERY)
  return crossed ? Math.max(0, version - PROGRESS_KEPT) : 0
}

function fileRowOf(job: number, { index, uri, state, sizeBytes, etag, sha256, error }: JobFile) {
  return {
    job,
    idx: index,
    uri: storable(uri),
    state,
    size_bytes: sizeBytes ?? undefined,
    etag: etag ?? undefined,
    sha256: sha256 ?? undefined,
    error: storable(error) ?? undefined,
  }
}

/** Whether a job is taken from its worker. A heartbeat that comes in between moves the lease alone, not the revision. */
function isTaken(before: StoredJob, after: StoredJob): boolean {
  return before.phase === PHASE.processing && after.phase !== PHASE.processing && after.endedBy === null
}

/** What becomes of a row: see {@link KEPT_COLUMNS} and {@link NULL_COLUMNS} for what is left out. */
function rowOf(before: StoredJob, after: StoredJob) {
  return {
    num: before.num,
    revision: before.revision,
    lease_seen: isTaken(before, after) ? before.job.leaseExpiresAt : undefined,
    was: before.phase,
    ...keptColumns(before, after),
    ...nullColumns(after),
  }
}

function keptColumns(before: StoredJob, after: StoredJob): Record<keyof typeof KEPT_COLUMNS, number | undefined> {
  const { job: was } = before
  const { job } = after
  return {
    phase: unlessSame(before.phase, after.phase),
    version: unlessSame(was.version, job.version),
    updated_at: unlessSame(was.updatedAt, job.updatedAt),
    run_at: unlessSame(was.runAt, job.runAt),
    failed_files_only: unlessSame(was.failedFilesOnly ? 1 : 0, job.failedFilesOnly ? 1 : 0),
    attempt: unlessSame(was.attempt, job.attempt),
    attempt_base: unlessSame(was.attemptBase, job.attemptBase),
    files_total: unlessSame(was.files.total, job.files.total),
    files_done: unlessSame(was.files.done, job.files.done),
    files_failed: unlessSame(was.files.failed, job.files.failed),
    files_downloaded: unlessSame(before.downloaded, after.downloaded),
    files_bytes: unlessSame(was.files.bytes, job.files.bytes),
    log_lines: unlessSame(before.logLines, after.logLines),
  }
}

function unlessSame(before: number, after: number): number | undefined {
  return before === after ? undefined : after
}

function nullColumns({ job, endedBy, events }: StoredJob): Record<keyof typeof NULL_COLUMNS, unknown> {
  const { worker, error } = job
  return {
    started_at: job.startedAt ?? undefined,
    completed_at: job.completedAt ?? undefined,
    cancel_requested_at: job.cancelRequestedAt ?? undefined,
    worker: storable(worker) ?? undefined,
    ended_by: storable(endedBy) ?? undefined,
    checkpoint: job.checkpoint === null ? undefined : JSON.stringify(job.checkpoint),
    progress: isSilent(job) ? undefined : JSON.stringify(job.progress),
    result: job.result === null ? undefined : JSON.stringify(job.result),
    error: storable(error) ?? undefined,
    errors: job.errors.length === 0 ? undefined : JSON.stringify(job.errors),
    outputs: job.outputs.length === 0 ? undefined : JSON.stringify(job.outputs),
    events,
  }
}

/**
 * Rows, their events, what their ledgers gain, the tallies and the sums by state in one statement, which rings for workers when a job
 * became ready again. The lease's end is the heartbeats' own column.
 */
function writeRowsSql(schema: string, owner: string, ring: string): string {
  const typed = Object.entries({ ...KEPT_COLUMNS, ...NULL_COLUMNS }).map(([name, type]) => `${name} ${type}`)
  const kept = Object.keys(KEPT_COLUMNS).map((name) => `${name} = coalesce(i.${name}, j.${name})`)
  const sets = [...kept, ...Object.keys(NULL_COLUMNS).map((name) => `${name} = i.${name}`)]
  const isIn = (phase: string, state: JobState): string => `${phase} IN (${phasesOf(state).join(', ')})`
  const sums = STATES.map(
    (state) => `count(*) FILTER (WHERE ${isIn('phase', state)}) - count(*) FILTER (WHERE ${isIn('was', state)})`,
  )
  return `WITH input AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS x(num bigint, revision integer, lease_seen bigint, was smallint, ${typed.join(', ')})
  ), written AS (
    UPDATE ${schema}.jobs j SET revision = j.revision + 1, ${sets.join(', ')},
      lease_expires_at = CASE WHEN coalesce(i.phase, j.phase) = ${PHASE.processing} THEN j.lease_expires_at END
    FROM input i WHERE j.num = i.num AND j.revision = i.revision
      AND (i.lease_seen IS NULL OR j.lease_expires_at = i.lease_seen)
    RETURNING j.num, i.was, j.phase
  ), told AS (
    INSERT INTO ${schema}.events (job, seq, type, at, data)
    SELECT e.job, e.seq, e.type, e.at, e.data
    FROM json_to_recordset($2::json) AS e(job bigint, seq integer, type text, at bigint, data text)
    JOIN written ON written.num = e.job
  ), learnt AS (
    INSERT INTO ${schema}.files (job, idx, ${FILE_COLUMNS})
    SELECT f.job, f.idx, f.uri, f.state, f.size_bytes, f.etag, f.sha256, f.error
    FROM json_to_recordset($3::json) AS f(job bigint, idx integer, uri text, state text, size_bytes bigint, etag text,
      sha256 text, error text)
    JOIN written ON written.num = f.job
    ON CONFLICT (job, idx) DO UPDATE SET (${FILE_COLUMNS}) =
      (excluded.uri, excluded.state, excluded.size_bytes, excluded.etag, excluded.sha256, excluded.error)
  ), counted AS (
    INSERT INTO ${schema}.counters AS c (owner, queued, processing, completed, failed, cancelled)
    SELECT '${owner}', ${sums.join(', ')} FROM written HAVING bool_or(was <> phase)
    ON CONFLICT (owner) DO UPDATE SET ${STATES.map((state) => `${state} = c.${state} + excluded.${state}`).join(', ')}
  ), tallied AS (
    INSERT INTO ${schema}.tallies AS t (at, tenant, kind, step, owner, jobs)
    SELECT n.at, n.tenant, n.kind, n.step, '${owner}', count(*)
    FROM json_to_recordset($4::json) AS n(job bigint, at bigint, tenant text, kind text, step integer)
    JOIN written ON written.num = n.job GROUP BY n.at, n.tenant, n.kind, n.step
    ON CONFLICT (at, tenant, kind, step, owner) DO UPDATE SET jobs = t.jobs + excluded.jobs
  )
  SELECT num FROM written
  UNION ALL SELECT NULL FROM (SELECT FROM written WHERE phase = ${PHASE.ready} AND was > ${PHASE.ready} LIMIT 1) ready
    CROSS JOIN LATERAL ${ring} rung`
}

function restSql(schema: string) {
  // Locked, so that the row is written after it, or nothing is.
  const current = `job = (SELECT num FROM ${schema}.jobs WHERE num = $1 AND revision = $2 FOR UPDATE)`
  return {
    markDone: `UPDATE ${schema}.files SET state = 'done' WHERE ${current} AND state = 'downloaded'`,
    clearFiles: `DELETE FROM ${schema}.files WHERE ${current}`,
    addLogs: `INSERT INTO ${schema}.logs (job, attempt, at, level, message, fields)
      SELECT $1, l.attempt, l.at, l.level, l.message, l.fields
      FROM json_array_elements($2::json) WITH ORDINALITY AS given(line, place)
      CROSS JOIN LATERAL json_to_record(line) AS l(attempt integer, at bigint, level text, message text, fields text)
      ORDER BY place`,
    trimLogs: `DELETE FROM ${schema}.logs WHERE job = $1 AND line <=
      (SELECT line FROM ${schema}.logs WHERE job = $1 ORDER BY line DESC OFFSET $2 LIMIT 1)`,
    addDeliveries: `INSERT INTO ${schema}.deliveries (id, job, type, url, host, body, state, created_at, due_at, expires_at, token, attempt, retries, attempts)
      SELECT id, job, type, url, host, body, 'pending', "createdAt", "createdAt", "expiresAt", 0, 0, 0, '[]'
      FROM json_to_recordset($1::json) AS d(id text, job bigint, type text, url text, host text, body text, "createdAt" bigint, "expiresAt" bigint)`,
    trimEvents: `DELETE FROM ${schema}.events WHERE job = $1 AND seq <= $2 AND type = 'job.progressed'`,
  }
}
