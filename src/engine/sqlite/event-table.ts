import type { DatabaseSync } from 'node:sqlite'
import { JOB_EVENT_TYPES, type JobEvent, type JobEventType } from '../../job/event.ts'
import { integer, type Row, text } from '../record/columns.ts'
import type { JobEntry } from '../record/job-row.ts'
import { addToRow, eventsAfter, PROGRESS_KEPT, type StoredEvent, TRIM_EVERY } from '../record/row-events.ts'
import { Query } from './database.ts'

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
    const { row, moved } = addToRow(events, event)
    for (const each of moved) this.#put(num, each)
    return row
  }

  /** A job's events after `seq`, oldest first. */
  since(entry: JobEntry, seq: number, limit: number): JobEvent[] {
    if (limit < 1) return []
    return eventsAfter(seq, limit, entry, this.#since.all(entry.num, seq, limit).map(readEvent))
  }

  delete(num: number): void {
    this.#delete.run(num)
  }

  #put(num: number, { seq, type, at, data }: StoredEvent): void {
    this.#insert.run(num, seq, type, at, JSON.stringify(data))
  }
}

function readEvent(row: Row): StoredEvent {
  return { seq: integer(row, 0), type: eventType(text(row, 1)), at: integer(row, 2), data: JSON.parse(text(row, 3)) }
}

function eventType(stored: string): JobEventType {
  const type = JOB_EVENT_TYPES.find((known) => known === stored)
  if (type === undefined) throw new TypeError(`there is no event type ${stored}`)
  return type
}
