import { type Clock, every } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Ingest, IngestRecords } from '../engine/ingest-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Job } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type FormOptions, type FormPart, FormUpload } from './form-upload.ts'
import type { IngestSettings } from './ingest-settings.ts'

/** A form being received says that often that it is; thrice this without a word, and a crash cut it off. */
const SIGN_OF_LIFE_MS = 20_000

/** What receiving forms stands on. */
export interface ReceptionParts {
  records: IngestRecords
  store: ObjectStore
  jobs: JobManager
  clock: Clock
  settings: IngestSettings
  onFault: (fault: unknown) => void
}

/**
 * Receives forms so that a crash leaves nothing for ever: while one is being received there is a record of an ingest
 * without files. Whatever lies below its key when its time is over is deleted, unless it became a job.
 */
export class FormReception {
  readonly #parts: ReceptionParts

  constructor(parts: ReceptionParts) {
    this.#parts = parts
  }

  /** When the record of a form that is received now expires, unless it gives a sign of life. */
  expiry(): number {
    return this.#parts.clock.now() + 3 * SIGN_OF_LIFE_MS
  }

  /** Receives one form under the record `blank`, and submits its job. */
  async receive(
    blank: Ingest,
    parts: AsyncIterable<FormPart>,
    options: FormOptions,
  ): Promise<{ job: Job; replayed: boolean }> {
    const { records, store, jobs, settings, onFault } = this.#parts
    const upload = new FormUpload(store, jobs, blank, settings)
    await records.open(blank)
    const lifeline = this.#keepAlive(blank.jobId)
    try {
      const submitted = await upload.receive(parts, options)
      if (submitted.replayed) await upload.remove()
      await records.forget(blank.jobId).catch(onFault)
      return submitted
    } catch (failure) {
      await this.#drop(upload, blank.jobId).catch(onFault)
      throw failure
    } finally {
      lifeline.cancel()
    }
  }

  /** Deletes what a form left in the store that a crash cut off. */
  async clear(ingest: Ingest): Promise<void> {
    if (await this.#isSubmitted(ingest.jobId)) return
    const { store, settings } = this.#parts
    for await (const { key } of store.list(ingest.bucket, `${settings.datasetsPrefix}/${ingest.jobId}/`)) {
      await store.delete([{ bucket: ingest.bucket, key }])
    }
  }

  /** Removes what a form stored; when that fails the record stays, and the sweep tries again. */
  async #drop(upload: FormUpload, jobId: string): Promise<void> {
    await upload.remove()
    await this.#parts.records.forget(jobId)
  }

  /** Keeps the record alive, however long the form takes. */
  #keepAlive(jobId: string): { cancel(): void } {
    const { clock, records, onFault } = this.#parts
    return every(clock, SIGN_OF_LIFE_MS, () => records.extend(jobId, this.expiry()), onFault)
  }

  async #isSubmitted(jobId: string): Promise<boolean> {
    try {
      await this.#parts.jobs.get(jobId)
      return true
    } catch (failure) {
      if (failure instanceof LongshoreError && failure.code === 'JOB_NOT_FOUND') return false
      throw failure
    }
  }
}
