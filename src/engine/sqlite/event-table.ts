import type { DatabaseSync } from 'node:sqlite'
import { JOB_EVENT_TYPES, type JobEvent, type JobEventType } from '../../job/event.ts'
import type { Job } from '../../job/job.ts'
import { TRANSITIONS } from '../../job/transitions.ts'
import { integer, Query, type Row, text } from './database.ts'
import type { JobEntry } from './job-row.ts'

/** Progress events older than this many events are dropped … */
const PROGRESS_KEPT = 1_000
/** … whenever a job has had so many more, so that the DELETE costs nothing on most saves. */
const TRIM_EVERY = 100

/** The first event of every job. It says nothing that the row of the job does not, so no row is written for it. */
export function queuedEvent(job: Job): JobEvent {
  return { jobId: job.id, seq: 1, type: 'job.queued', state: 'queued', at: job.createdAt, data: {} }
}

/** What of an event is stored; job and state follow from where it lies and from its type. */
type StoredEvent = Pick<JobEvent, 'seq' | 'type' | 'at' | 'data'>

/** A job's events move out of its row when they are longer than this together. */
const LONGEST_IN_ROW = 1_000

/**
 * The events of jobs. State changes lie in the job's own row while they are short, because that is written with them
 * anyway: a row of its own for each costs 2.5 µs, a tenth of the whole job when it does nothing. Progress, which may be
 * reported a thousand times, and what grows too long have rows in `events`.
 */
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

  /** Keeps an event; answers what lies in the job's row after it. */
  append({ num, events }: JobEntry, event: StoredEvent): string {
    if (event.type === 'job.progressed') {
      this.#put(num, event)
      const { seq } = event
      if (seq > PROGRESS_KEPT && seq % TRIM_EVERY === 0) this.#trim.run(num, seq - PROGRESS_KEPT)
      return events
    }
    const item = JSON.stringify([event.seq, event.type, event.at, event.data])
    const inRow = events === '' ? item : `${events},${item}`
    if (inRow.length <= LONGEST_IN_ROW) return inRow
    for (const moved of eventsIn(inRow)) this.#put(num, moved)
    return ''
  }

  /** A job's events after `seq`, oldest first. */
  since({ num, job, events }: JobEntry, seq: number, limit: number): JobEvent[] {
    if (limit < 1) return []
    const first = seq < 1 ? [queuedEvent(job)] : []
    const inRow = eventsIn(events).filter((event) => event.seq > seq)
    const inTable = this.#since.all(num, seq, limit).map(readEvent)
    const rest = [...inRow, ...inTable].sort((a, b) => a.seq - b.seq).map((event) => whole(job.id, event))
    return [...first, ...rest].slice(0, limit)
  }

  delete(num: number): void {
    this.#delete.run(num)
  }

  #put(num: number, { seq, type, at, data }: StoredEvent): void {
    this.#insert.run(num, seq, type, at, JSON.stringify(data))
  }
}

function eventsIn(row: string): StoredEvent[] {
  const items: [number, JobEventType, number, JobEvent['data']][] = JSON.parse(`[${row}]`)
  return items.map(([seq, type, at, data]) => ({ seq, type, at, data }))
}

function whole(jobId: string, event: StoredEvent): JobEvent {
  const { to } = TRANSITIONS[event.type]
  return { jobId, ...event, state: to === 'same' ? 'processing' : to }
}

function readEvent(row: Row): StoredEvent {
  return { seq: integer(row, 0), type: eventType(text(row, 1)), at: integer(row, 2), data: JSON.parse(text(row, 3)) }
}

function eventType(stored: string): JobEventType {
  const type = JOB_EVENT_TYPES.find((known) => known === stored)
  if (type === undefined) throw new TypeError(`there is no event type ${stored}`)
  return type
}
