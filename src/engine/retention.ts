import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { isFinal, type Job } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { IngestRecords } from './ingest-records.ts'
import type { JobManager } from './job-manager.ts'

/** Jobs are forgotten in groups of this many, objects in groups of at most this many. */
const SWEEP_PAGE = 100
const DELETE_PAGE = 1000

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
}

/** Forgets ended jobs with all they left: outputs, uploads, ledger, events, logs. */
export class Retention {
  readonly #parts: RetentionParts

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  /** Forgets one job. Throws `JOB_NOT_FOUND`, `JOB_NOT_FINAL`. */
  async remove(id: string): Promise<void> {
    const job = await this.#parts.jobs.get(id)
    if (!isFinal(job.state)) throw notFinal(job)
    await this.#forget([job])
  }

  /** Forgets every job whose retention is over; answers how many. */
  async sweep(): Promise<number> {
    const { jobs, clock, retentionMs } = this.#parts
    if (retentionMs === undefined) return 0
    const completedBefore = clock.now() - retentionMs
    let forgotten = 0
    for (;;) {
      const { items } = await jobs.list({
        states: ['completed', 'failed', 'cancelled'],
        completedBefore,
        limit: SWEEP_PAGE,
      })
      if (items.length === 0) return forgotten
      await this.#forget(items)
      forgotten += items.length
    }
  }

  /** Objects go first: a crash in between leaves a record to try again from, never objects nobody knows of. */
  async #forget(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) await this.#removeObjects(job.id)
    for (const job of jobs) await this.#parts.ingests.forget(job.id)
    await this.#parts.jobs.forget(jobs.map((job) => job.id))
  }

  async #removeObjects(id: string): Promise<void> {
    const { store, bucket, datasetsPrefix, resultsPrefix } = this.#parts
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

function notFinal(job: Job): LongshoreError {
  return new LongshoreError('JOB_NOT_FINAL', `Job ${job.id} is ${job.state}. Cancel it first, then delete it.`)
}
