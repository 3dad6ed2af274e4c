import type { JobEvent, JobEventType } from '../../job/event.ts'
import type { Job } from '../../job/job.ts'
import { TRANSITIONS } from '../../job/transitions.ts'

/** Progress events older than this many events are dropped … */
export const PROGRESS_KEPT = 1_000
/** … whenever a job has had so many more, so that the DELETE costs nothing on most saves. */
export const TRIM_EVERY = 100

/** A job's events move out of its row when they are longer than this together. */
const LONGEST_IN_ROW = 1_000

/** What of an event is stored; job and state follow from where it lies and from its type. */
export type StoredEvent = Pick<JobEvent, 'seq' | 'type' | 'at' | 'data'>

const NOTHING_MORE: JobEvent['data'] = Object.freeze({})

/** The first event of every job. It says nothing that the row of the job does not, so no row is written for it. */
export function queuedEvent(job: Job): JobEvent {
  return { jobId: job.id, seq: 1, type: 'job.queued', state: 'queued', at: job.createdAt, data: NOTHING_MORE }
}

/** Adds a state change to those that lie in a job's row, as items of a JSON array; those that got too long move out. */
export function addToRow(inRow: string, { seq, type, at, data }: StoredEvent): { row: string; moved: StoredEvent[] } {
  const item = JSON.stringify([seq, type, at, data])
  const row = inRow === '' ? item : `${inRow},${item}`
  return row.length <= LONGEST_IN_ROW ? { row, moved: [] } : { row: '', moved: eventsIn(row) }
}

/** The events that lie in a job's row. */
function eventsIn(row: string): StoredEvent[] {
  const items: [number, JobEventType, number, JobEvent['data']][] = JSON.parse(`[${row}]`)
  return items.map(([seq, type, at, data]) => ({ seq, type, at, data }))
}

/** A job's events after `seq`, oldest first, of those in its row and in the table. */
export function eventsAfter(
  seq: number,
  limit: number,
  { job, events }: { job: Job; events: string },
  inTable: readonly StoredEvent[],
): JobEvent[] {
  const first = seq < 1 ? [queuedEvent(job)] : []
  const inRow = eventsIn(events).filter((event) => event.seq > seq)
  const rest = [...inRow, ...inTable].sort((a, b) => a.seq - b.seq).map((event) => whole(job.id, event))
  return [...first, ...rest].slice(0, limit)
}

function whole(jobId: string, event: StoredEvent): JobEvent {
  const { to } = TRANSITIONS[event.type]
  return { jobId, ...event, state: to === 'same' ? 'processing' : to }
}
