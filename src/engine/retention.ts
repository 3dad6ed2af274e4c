import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Job, JobState } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { IngestRecords } from './ingest-records.ts'
import type { Page } from './job-engine.ts'
import type { JobManager } from './job-manager.ts'

/** Jobs are listed in groups of this many, objects removed in groups of at most this many. */
const SWEEP_PAGE = 100
const DELETE_PAGE = 1000

const ENDED: readonly JobState[] = ['completed', 'failed', 'cancelled']

/** A job that is no longer there to be swept. */
const PASSED: ReadonlySet<string> = new Set(['JOB_NOT_FOUND', 'JOB_NOT_FINAL'])

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

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  /** Forgets one job. Throws `JOB_NOT_FOUND`, `JOB_NOT_FINAL`. */
  async remove(id: string): Promise<void> {
    await this.#parts.jobs.forget(id, () => this.#removeRest(id))
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
      for (const { id } of page.items) {
        if (signal.aborted) return forgotten
        if (await this.#sweepOne(id, completedBefore)) forgotten += 1
      }
      cursor = page.next
    } while (cursor)
    return forgotten
  }

  /** The job may have been retried, or removed by a person, since it was listed. */
  async #sweepOne(id: string, completedBefore: number): Promise<boolean> {
    const { jobs, onError } = this.#parts
    const isOver = (job: Job): boolean => (job.completedAt ?? completedBefore) < completedBefore
    try {
      return await jobs.forget(id, async (job) => isOver(job) && this.#removeRest(id))
    } catch (failure) {
      if (!(failure instanceof LongshoreError && PASSED.has(failure.code))) onError(failure)
      return false
    }
  }

  /** Objects go before the record: a crash in between leaves a record to try again from, never objects nobody knows of. */
  async #removeRest(id: string): Promise<true> {
    await this.#removeObjects(id)
    await this.#parts.ingests.forget(id)
    return true
  }

  async #removeObjects(id: string): Promise<void> {
    const { store, bucket, datasetsPrefix, resultsPrefix } = this.#parts
    // A crash may have cut off an output between its parts; the local store has none of these, and looks through all uploads.
    if (store.kind === 's3') await store.abortUploads(bucket, `${resultsPrefix}/${id}/`)
    for (const prefix of [`${resultsPrefix}/${id}/`, `${datasetsPrefix}/${id}/`]) {
      let page: { bucket: string; key: string }[] = []
      for await (const { key } of store.list(bucket, prefix)) {
        page.push({ bucket, key })
        if (page.length === DELETE_PAGE) {
          await store.delete(page)
          page = []
        }
      }
      if (page.length > 0) await store.delete(page)
    }
  }
}
