import PQueue from 'p-queue'
import type { Clock } from '../base/clock.ts'
import type { Job, JobState } from '../job/job.ts'
import { deleteBelow, dropStrayUploads } from '../storage/below-prefix.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { jobFolder } from '../storage/object-uri.ts'
import type { IngestRecords } from './ingest-records.ts'
import type { Page } from './job-engine.ts'
import type { JobManager } from './job-manager.ts'

/** Jobs are listed and forgotten in groups of this many. */
const SWEEP_PAGE = 500

/** Jobs whose objects a sweep removes at once: each waits for four to six requests to the store, one after the other. */
const CLEARED_AT_ONCE = 16

const ENDED: readonly JobState[] = ['completed', 'failed', 'cancelled']

/** What forgetting stands on. */
export interface RetentionParts {
  jobs: JobManager
  ingests: IngestRecords
  store: ObjectStore
  clock: Clock
  bucket: string
  datasetsPrefix: string
  resultsPrefix: string
  /** How long an ended job is kept, in ms; for ever when absent. */
  retentionMs: number | undefined
  /** Hears of a job that could not be swept away; the others are. */
  onError(thrown: unknown): void
}

/** Forgets ended jobs with all they left: outputs, uploads, ledger, events, logs. */
export class Retention {
  readonly #parts: RetentionParts
  readonly #clearing = new PQueue({ concurrency: CLEARED_AT_ONCE })

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  /** Forgets one job. Throws `JOB_NOT_FOUND`, `JOB_NOT_FINAL`. */
  async remove(id: string): Promise<void> {
    await this.#parts.jobs.forget(id, (job) => this.#removeRest(job))
  }

  /** Forgets every job whose retention is over, until the signal aborts; answers how many. */
  async sweep(signal: AbortSignal): Promise<number> {
    const { jobs, clock, retentionMs } = this.#parts
    if (retentionMs === undefined) return 0
    const completedBefore = clock.now() - retentionMs
    let forgotten = 0
    let cursor: string | null | undefined
    do {
      const query = { states: ENDED, completedBefore, limit: SWEEP_PAGE, ...(cursor && { cursor }) }
      const page: Page<Job> = await jobs.list(query)
      const ids = page.items.map(({ id }) => id)
      const isCleared = (job: Job): Promise<boolean> => this.#sweepOne(job, completedBefore, signal)
      if (ids.length > 0) forgotten += await jobs.forgetAll(ids, isCleared)
      cursor = page.next
    } while (cursor && !signal.aborted)
    return forgotten
  }

  /** The job may have been retried since it was listed. One whose objects cannot be removed is left for the next sweep. */
  async #sweepOne(job: Job, completedBefore: number, signal: AbortSignal): Promise<boolean> {
    const isDue = (): boolean => !signal.aborted && (job.completedAt ?? completedBefore) < completedBefore
    if (!isDue() || leavesNothing(job)) return isDue()
    try {
      return await this.#clearing.add(async () => isDue() && this.#removeRest(job))
    } catch (failure) {
      this.#parts.onError(failure)
      return false
    }
  }

  /** Objects go before the record: a crash in between leaves a record to try again from, never objects nobody knows of. */
  async #removeRest(job: Job): Promise<true> {
    if (leavesNothing(job)) return true
    const { id } = job
    await this.#removeObjects(id)
    await this.#parts.ingests.forget(id)
    return true
  }

  async #removeObjects(id: string): Promise<void> {
    const { store, bucket, datasetsPrefix, resultsPrefix } = this.#parts
    for (const prefix of [resultsPrefix, datasetsPrefix]) {
      await dropStrayUploads(store, bucket, jobFolder(prefix, id))
      await deleteBelow(store, bucket, jobFolder(prefix, id))
    }
  }
}

/**
 * Whether the record alone tells that a job has no objects: its one attempt ended well and wrote none, and its files are
 * not below a folder of its own, as those that were uploaded with it are.
 */
function leavesNothing({ id, state, token, outputs, manifest }: Job): boolean {
  if (state !== 'completed' || token !== 1 || outputs.length > 0) return false
  const uris = 'uri' in manifest ? [manifest.uri] : manifest.files.map(({ uri }) => uri)
  return !uris.some((uri) => uri.includes(id))
}
