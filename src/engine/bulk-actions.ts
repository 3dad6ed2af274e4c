import type { Clock } from '../base/clock.ts'
import type { Job, JobState } from '../job/job.ts'
import type { Activity, JobFilter } from './activity.ts'
import type { JobEngine, Page } from './job-engine.ts'

/** Jobs that are asked in one go: their writes share a transaction, of some 20 ms. */
const BATCH = 500

/** After so long an answer is due, before anything between us and the client gives up; in ms. */
const MOST_TIME_MS = 10_000

/** What is done to many jobs. */
export type BulkAction = { type: 'cancel' } | { type: 'retry'; failedFilesOnly: boolean }

/** How far an action came. */
export interface BulkProgress {
  /** Jobs that matched. */
  matched: number
  /** Those of them that the action changed; others had ended, or begun anew, just before. */
  changed: number
  /** Where to go on; null when all are done. */
  next: string | null
}

/** What it stands on. */
export interface BulkActionsParts {
  engine: Pick<JobEngine, 'requestCancel' | 'requeue'>
  activity: Pick<Activity, 'ids' | 'count'>
  clock: Clock
}

const STATES: Readonly<Record<BulkAction['type'], readonly JobState[]>> = {
  cancel: ['queued', 'processing'],
  retry: ['failed', 'cancelled'],
}

/** Cancels or retries every job that a filter matches, in batches, so that neither memory nor other requests suffer. */
export class BulkActions {
  readonly #parts: BulkActionsParts

  constructor(parts: BulkActionsParts) {
    this.#parts = parts
  }

  /** How many jobs an action would be about. */
  async count(type: BulkAction['type'], filter: JobFilter): Promise<number> {
    const states = statesFor(type, filter)
    return states.length === 0 ? 0 : this.#parts.activity.count({ ...filter, states })
  }

  /** Works from the newest job to the oldest, from `cursor` on, for 10 s or until the signal aborts. Jobs submitted meanwhile are left. */
  async run(
    action: BulkAction,
    filter: JobFilter,
    from: string | undefined,
    signal: AbortSignal,
  ): Promise<BulkProgress> {
    const { activity, clock } = this.#parts
    const query = { ...filter, states: statesFor(action.type, filter), limit: BATCH }
    const end = clock.now() + MOST_TIME_MS
    const done: BulkProgress = { matched: 0, changed: 0, next: from ?? null }
    if (query.states.length === 0) return { ...done, next: null }
    do {
      const page: Page<string> = await activity.ids({ ...query, ...(done.next !== null && { cursor: done.next }) })
      const changed = await Promise.all(page.items.map((id) => this.#change(action, id)))
      done.matched += page.items.length
      done.changed += changed.filter(Boolean).length
      done.next = page.next
    } while (done.next !== null && clock.now() < end && !signal.aborted)
    return done
  }

  async #change(action: BulkAction, id: string): Promise<boolean> {
    const { engine } = this.#parts
    if (action.type === 'retry') return (await engine.requeue(id, action))?.state === 'queued'
    const job = await engine.requestCancel(id)
    return job !== undefined && isStopping(job)
  }
}

function statesFor(type: BulkAction['type'], { states }: JobFilter): JobState[] {
  return STATES[type].filter((state) => states?.includes(state) ?? true)
}

function isStopping({ state, cancelRequestedAt }: Job): boolean {
  return state === 'cancelled' || (state === 'processing' && cancelRequestedAt !== null)
}
