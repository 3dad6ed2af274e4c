import { LongshoreError } from '../../base/errors.ts'
import type { JobEvent } from '../../job/event.ts'
import type { JobFile, LogLine } from '../../job/job.ts'
import { groupsOfTenant } from '../../job/queue-group.ts'
import type { JobGlance } from '../activity.ts'
import type { FileQuery, JobCounts, Page } from '../job-engine.ts'
import { integer, integerOrNull, type Row, text, textOrNull } from '../record/columns.ts'
import { FILE_STATES, readFile } from '../record/file-row.ts'
import { SILENT_PROGRESS } from '../record/job-row.ts'
import { readLogLine } from '../record/log-row.ts'
import { stateOf } from '../record/phase.ts'
import { eventsAfter, type StoredEvent } from '../record/row-events.ts'
import { type Database, storable } from './database.ts'
import { readStoredJob, STORED_COLUMNS, type StoredJob } from './job-entry.ts'
import { aheadSql, FAR } from './queue-position.ts'

/** Reads jobs and what belongs to them. */
export class JobReads {
  readonly #db: Database
  readonly #sql: Record<
    'byIds' | 'glances' | 'states' | 'oldest' | 'ahead' | 'aheadInTenant' | 'files' | 'logs' | 'events',
    string
  >

  constructor(db: Database) {
    const { schema } = db
    const ofJob = `job = (SELECT num FROM ${schema}.jobs WHERE id = $1)`
    this.#db = db
    this.#sql = {
      byIds: `SELECT ${STORED_COLUMNS} FROM ${schema}.jobs WHERE id = ANY($1)`,
      glances: `SELECT id, phase, version, updated_at, started_at, completed_at, cancel_requested_at, attempt, worker, progress,
        error, tenant, created_at FROM ${schema}.jobs WHERE id = ANY($1)`,
      states: `SELECT coalesce(sum(queued), 0), coalesce(sum(processing), 0), coalesce(sum(completed), 0),
        coalesce(sum(failed), 0), coalesce(sum(cancelled), 0) FROM ${schema}.counters`,
      oldest: `SELECT run_at FROM ${schema}.jobs WHERE phase = 1 ORDER BY run_at LIMIT 1`,
      ahead: aheadSql(schema, false),
      aheadInTenant: aheadSql(schema, true),
      files: `SELECT idx, uri, state, size_bytes, etag, sha256, error FROM ${schema}.files
        WHERE ${ofJob} AND idx > $2 AND state = ANY($3) ORDER BY idx LIMIT $4`,
      logs: `SELECT attempt, at, level, message, fields FROM ${schema}.logs WHERE ${ofJob} ORDER BY line DESC LIMIT $2`,
      events: `SELECT seq, type, at, data FROM ${schema}.events WHERE job = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    }
  }

  async get(id: string): Promise<StoredJob | undefined> {
    return (await this.getAll([id]))[0]
  }

  async getAll(ids: readonly string[]): Promise<StoredJob[]> {
    return (await this.#db.query(this.#sql.byIds, [ids.map((id) => storable(id))])).map(readStoredJob)
  }

  /** Jobs without what may be long. */
  async glances(ids: readonly string[]): Promise<JobGlance[]> {
    return (await this.#db.query(this.#sql.glances, [ids])).map(readGlance)
  }

  /** How many stand where, and how many are before a queued job. */
  async counts(aheadOf: StoredJob | undefined): Promise<Pick<JobCounts, 'states' | 'oldestDueAt' | 'ahead'>> {
    const [[states], [oldest], ahead] = await Promise.all([
      this.#db.query(this.#sql.states),
      this.#db.query(this.#sql.oldest),
      aheadOf?.job.state === 'queued' ? this.#ahead(aheadOf) : null,
    ])
    const [queued, processing, completed, failed, cancelled] = [0, 1, 2, 3, 4].map((column) => integer(states, column))
    return {
      states: {
        queued: queued ?? 0,
        processing: processing ?? 0,
        completed: completed ?? 0,
        failed: failed ?? 0,
        cancelled: cancelled ?? 0,
      },
      oldestDueAt: oldest ? integer(oldest, 0) : null,
      ahead,
    }
  }

  async files(id: string, query: FileQuery): Promise<Page<JobFile>> {
    const after = query.cursor === undefined ? -1 : readCursor(query.cursor)
    const states = query.states?.length ? query.states : FILE_STATES
    const rows = await this.#db.query(this.#sql.files, [storable(id), after, states, query.limit + 1])
    const items = rows.map(readFile)
    const page = items.slice(0, query.limit)
    const last = page.at(-1)
    return { items: page, next: items.length > page.length && last ? String(last.index) : null }
  }

  async logs(id: string, tail: number): Promise<LogLine[]> {
    return (await this.#db.query(this.#sql.logs, [storable(id), tail])).map(readLogLine).reverse()
  }

  async since(entry: StoredJob, seq: number, limit: number): Promise<JobEvent[]> {
    if (limit < 1) return []
    const rows = await this.#db.query(this.#sql.events, [entry.num, seq, limit])
    return eventsAfter(seq, limit, entry, rows.map(readEvent))
  }

  async #ahead({ num, job }: StoredJob): Promise<number | null> {
    const place = [job.priority, job.group ?? '', job.runAt, num]
    const groups = job.tenant === null ? undefined : groupsOfTenant(job.tenant)
    const [row] = groups
      ? await this.#db.query(this.#sql.aheadInTenant, [...place, groups.from, groups.to])
      : await this.#db.query(this.#sql.ahead, place)
    const ahead = integer(row, 0)
    return ahead > FAR ? null : ahead
  }
}

function readGlance(row: Row): JobGlance {
  const state = stateOf(integer(row, 1))
  const progress = textOrNull(row, 9)
  return {
    id: text(row, 0),
    state,
    version: integer(row, 2),
    updatedAt: integer(row, 3),
    startedAt: integerOrNull(row, 4),
    completedAt: integerOrNull(row, 5),
    cancelRequestedAt: integerOrNull(row, 6),
    attempt: integer(row, 7),
    worker: textOrNull(row, 8),
    progress: progress === null ? SILENT_PROGRESS[state] : JSON.parse(progress),
    error: textOrNull(row, 10),
    tenant: text(row, 11) || null,
    createdAt: integer(row, 12),
  }
}

function readEvent(row: Row): StoredEvent {
  return {
    seq: integer(row, 0),
    type: text(row, 1) as StoredEvent['type'],
    at: integer(row, 2),
    data: JSON.parse(text(row, 3)),
  }
}

function readCursor(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor)
  throw new LongshoreError('VALIDATION_FAILED', 'cursor is not one that a listing gave.')
}
