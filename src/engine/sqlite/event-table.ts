import type { DatabaseSync } from 'node:sqlite'
import { JOB_EVENT_TYPES, type JobEvent, type JobEventType } from '../../job/event.ts'
import type { Job } from '../../job/job.ts'
import { TRANSITIONS } from '../../job/transitions.ts'
import { integer, Query, type Row, text } from './database.ts'

/** Progress events older than this many events are dropped … */
const PROGRESS_KEPT = 1_000
/** … whenever a job has had so many more, so that the DELETE costs nothing on most saves. */
const TRIM_EVERY = 100

/** The first event of every job. It says nothing that the row of the job does not, so no row is written for it. */
export function queuedEvent(job: Job): JobEvent {
  return { jobId: job.id, seq: 1, type: 'job.queued', state: 'queued', at: job.createdAt, data: {} }
}

/** The rows of events. */
export class EventTable {
  readonly #insert: Query
  readonly #trim: Query
  readonly #since: Query
  readonly #delete: Query

  constructor(db: DatabaseSync) {
    this.#insert = new Query(db, 'INSERT INTO events (job, seq, type, at, data) VALUES (?, ?, ?, ?, ?)')
    this.#trim = new Query(db, "DELETE FROM events WHERE job = ? AND seq <= ? AND type = 'job.progressed'")
    this.#since = new Query(db, 'SELECT seq, type, at, data FROM events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?')
    this.#delete = new Query(db, 'DELETE FROM events WHERE job = ?')
  }

  append(num: number, { seq, type, at, data }: JobEvent): void {
    this.#insert.run(num, seq, type, at, JSON.stringify(data))
    if (type === 'job.progressed' && seq > PROGRESS_KEPT && seq % TRIM_EVERY === 0) {
      this.#trim.run(num, seq - PROGRESS_KEPT)
    }
  }

  /** A job's events after `seq`, oldest first. */
  since(num: number, job: Job, seq: number, limit: number): JobEvent[] {
    if (limit < 1) return []
    const first = seq < 1 ? [queuedEvent(job)] : []
    const rows = this.#since.all(num, seq, limit - first.length)
    return [...first, ...rows.map((row) => readEvent(job.id, row))]
  }

  delete(num: number): void {
    this.#delete.run(num)
  }
}

function readEvent(jobId: string, row: Row): JobEvent {
  const type = eventType(text(row, 1))
  const { to } = TRANSITIONS[type]
  const state = to === 'same' ? 'processing' : to
  return { jobId, seq: integer(row, 0), type, state, at: integer(row, 2), data: JSON.parse(text(row, 3)) }
}

function eventType(stored: string): JobEventType {
  const type = JOB_EVENT_TYPES.find((known) => known === stored)
  if (type === undefined) throw new TypeError(`there is no event type ${stored}`)
  return type
}
