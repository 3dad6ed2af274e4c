import type { TenantLimits } from '../access/tenant-limits.ts'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Component } from '../base/lifecycle.ts'
import { hasEnded, type Ingest, type IngestFile, type IngestRecords } from '../engine/ingest-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Job, JobDraft } from '../job/job.ts'
import { dropStrayUploads } from '../storage/below-prefix.ts'
import type { ObjectStore, UploadedPart } from '../storage/object-store.ts'
import { jobFolder } from '../storage/object-uri.ts'
import { type CompletedUpload, FileCompletion, isComplete } from './file-completion.ts'
import { FormReception } from './form-reception.ts'
import type { FormOptions, FormPart } from './form-upload.ts'
import { checkAnnounced, checkPartNumbers } from './ingest-checks.ts'
import { fileOf, ingestClosed, ingestNotFound, unlessGone } from './ingest-errors.ts'
import { type AnnouncedFile, dropUploads, inParallel, keyOf, openUploads } from './ingest-files.ts'
import type { IngestSettings } from './ingest-settings.ts'
import { IngestSweep } from './ingest-sweep.ts'
import { jobRequest, type Origin, type ParsedJobOptions } from './job-request.ts'
import { type PartUrl, signPartUrls } from './part-urls.ts'
import { type DropUploads, isPlace, Places } from './places.ts'
import { SharedLock } from './shared-lock.ts'
import { withdraw } from './withdraw.ts'

/** What ingests stand on. */
export interface IngestParts {
  records: IngestRecords
  store: ObjectStore
  jobs: JobManager
  clock: Clock
  settings: IngestSettings
  /** What a tenant may have at once; nothing is limited when absent. */
  limitsOf?: (tenant: string | null) => TenantLimits
  /** No other process serves these records, so what is found half begun at the start was cut off by a crash. Default false. */
  alone?: boolean
  /** Hears of faults of the sweep, which nobody waits for. */
  onFault?: (fault: unknown) => void
}

/**
 * Upload sessions that end as jobs. A file is complete once the store has the object and the record says so; the last
 * one queues the job under the ingest's id. Every step can be repeated, and whatever a crash leaves between two steps is
 * finished by repeating the call, or by the sweep.
 */
export class Ingests implements Component {
  readonly #records: IngestRecords
  readonly #store: ObjectStore
  readonly #jobs: JobManager
  readonly #clock: Clock
  readonly #settings: IngestSettings
  readonly #alone: boolean
  readonly #onFault: (fault: unknown) => void
  readonly #completion: FileCompletion
  readonly #places: Places
  readonly #forms: FormReception
  readonly #sweep: IngestSweep
  /** Completing shares an ingest, aborting has it alone. */
  readonly #lock = new SharedLock()

  constructor({ onFault = () => {}, alone = false, ...parts }: IngestParts) {
    this.#records = parts.records
    this.#store = parts.store
    this.#jobs = parts.jobs
    this.#clock = parts.clock
    this.#settings = parts.settings
    this.#alone = alone
    this.#onFault = onFault
    this.#completion = new FileCompletion(parts)
    this.#places = new Places({ ...parts, onFault })
    const clear = (place: Ingest): Promise<void> => this.#clear(place, dropStrayUploads)
    this.#forms = new FormReception({ ...parts, onFault, places: this.#places, clear })
    const settle = (ingest: Ingest): Promise<void> => this.#settleExpired(ingest)
    this.#sweep = new IngestSweep(parts.records, parts.clock, { settle, onFault })
  }

  /** Queues the jobs of ingests that a crash left complete, ends those that have expired, and waits for the next to expire. */
  async start(): Promise<void> {
    for (const ingest of await this.#records.listOpen(this.#settings.limits.openIngests)) {
      if (isPlace(ingest) && this.#alone) await this.#places.clear(ingest).catch(this.#onFault)
      else await this.#completion.queue(ingest).catch(this.#onFault)
    }
    await this.#sweep.start()
  }

  stop(): Promise<void> {
    return this.#sweep.stop()
  }

  /** Ends every ingest that has expired by now. */
  sweep(): Promise<void> {
    return this.#sweep.sweep()
  }

  /**
   * Opens an ingest. Everything that can be refused is refused here: `INVALID_FILENAME`, `DUPLICATE_FILENAME`,
   * `INVALID_FILE_SIZE`, `FILE_TOO_LARGE`, `JOB_TOO_LARGE`, `TOO_MANY_FILES`, `TOO_MANY_PARTS`, `TOO_MANY_INGESTS`,
   * `IDEMPOTENCY_KEY_REUSED`, and what the processor says of the parameters.
   */
  async open(
    files: readonly AnnouncedFile[],
    options: ParsedJobOptions,
    origin: Origin = {},
  ): Promise<{ ingest: Ingest; replayed: boolean }> {
    checkAnnounced(files, this.#settings)
    const jobId = newId()
    const draft = this.#jobs.draft(jobRequest(options, origin), jobId)
    const { bucket, datasetsPrefix, partSizeBytes } = this.#settings
    const keyed = files.map((file) => ({ ...file, key: keyOf(datasetsPrefix, jobId, file.filename) }))
    const place = this.#places.place(jobId, origin.tenant)
    this.#sweep.expect(place.expiresAt)
    return this.#places.hold(place, async (hold) => {
      try {
        const uploads = await openUploads(this.#store, bucket, keyed, partSizeBytes)
        await hold.confirm()
        return await this.#keep(this.#newIngest(draft, uploads), place)
      } catch (failure) {
        const kept = await this.#records.get(jobId).catch(this.#onFault)
        if (kept && !isPlace(kept)) return { ingest: kept, replayed: false }
        await this.#clear(place)
        throw failure
      }
    })
  }

  /** The URLs of the parts of a file, all of them unless told which. */
  signParts(ingest: Ingest, file: IngestFile, partNumbers?: readonly number[]): Promise<PartUrl[]> {
    return signPartUrls(this.#store, ingest, file, partNumbers)
  }

  /**
   * Makes a file of its parts; the last file queues the job. Repeating it answers the same. Throws `INGEST_NOT_FOUND`,
   * `UPLOAD_NOT_FOUND`, `PARTS_MISMATCH`, `PART_SIZE_MISMATCH`; `DIGEST_MISMATCH` ends the whole ingest, because the
   * parts are no longer there to be replaced.
   */
  async completeFile(jobId: string, upload: CompletedUpload): Promise<IngestFile> {
    return this.#completing(jobId, upload.fileId, (ingest) => this.#completion.complete(ingest, upload))
  }

  /**
   * An ingest and the parts received so far of each file that is not complete. A file whose upload has become its object
   * is complete from then on, whether or not anybody was answered for that, and when all are, the job is queued: whoever
   * reads that nothing is left to do may wait for it. Throws `INGEST_NOT_FOUND`, `DIGEST_MISMATCH` as
   * {@link completeFile} does, and `QUEUE_FULL`.
   */
  async state(jobId: string): Promise<{ ingest: Ingest; parts: UploadedPart[][] }> {
    const ingest = await this.#get(jobId)
    const received = await inParallel(ingest.files, (file) => this.#receivedParts(ingest, file))
    const gone = ingest.files.filter((_, i) => received[i] === undefined)
    await inParallel(gone, ({ id }) => this.#completing(jobId, id, (now) => this.#completion.adopt(now, id)))
    const parts = received.map((those) => those ?? [])
    const now = gone.length > 0 ? await this.#get(jobId) : ingest
    return { ingest: await this.#queuedIfComplete(now), parts }
  }

  /** Whose an ingest is, null for no tenant's; undefined when it is not there. */
  async tenantOf(jobId: string): Promise<string | null | undefined> {
    const ingest = await this.#records.get(jobId)
    return ingest === undefined || isPlace(ingest) ? undefined : (ingest.draft.tenant ?? null)
  }

  /** Fresh URLs for some parts of a file; the whole ingest lives as long as they do. */
  async renewParts(
    jobId: string,
    fileId: string,
    partNumbers: readonly number[],
  ): Promise<{ urls: PartUrl[]; expiresAt: number }> {
    const ingest = await this.#get(jobId)
    const file = fileOf(ingest, fileId)
    if (ingest.closedAt !== null || file.etag !== null) throw ingestClosed(jobId)
    checkPartNumbers(file, partNumbers)
    const expiresAt = Math.max(ingest.expiresAt, this.#clock.now() + this.#settings.partUrlTtlMs)
    if (!(await this.#records.extend(jobId, expiresAt))) throw await this.#overOf(jobId)
    return { urls: await this.signParts({ ...ingest, expiresAt }, file, partNumbers), expiresAt }
  }

  /**
   * Drops an open ingest with all it uploaded. When that fails it can be repeated, and the sweep tries again too. Throws
   * `INGEST_NOT_FOUND`, `INGEST_CLOSED`.
   */
  abort(jobId: string): Promise<void> {
    return this.#lock.alone(jobId, async () => {
      const ingest = await this.#records.get(jobId)
      if (ingest === undefined || isPlace(ingest)) throw ingestNotFound(jobId)
      if (ingest.closedAt !== null || (await this.#closedIfQueued(ingest))) throw ingestClosed(jobId)
      const isOver = await this.#endAndDrop(ingest).catch((failure: unknown) => {
        this.#sweep.again()
        throw failure
      })
      if (!isOver) throw await this.#overOf(jobId)
    })
  }

  /**
   * Receives files and job options in one form and submits the job; when anything fails, nothing of it stays. Throws
   * what {@link open} throws, and `MALFORMED_FORM`, `MALFORMED_JSON`, `JSON_TOO_DEEP`, `VALIDATION_FAILED`, `QUEUE_FULL`.
   */
  async uploadForm(
    parts: AsyncIterable<FormPart>,
    options: FormOptions = {},
  ): Promise<{ job: Job; replayed: boolean }> {
    const place = this.#places.place(newId(), options.tenant)
    this.#sweep.expect(place.expiresAt)
    return this.#forms.receive(place, parts, options)
  }

  /** The ingest, its job queued, if its last file was completed by a request that came no further. */
  async #queuedIfComplete(ingest: Ingest): Promise<Ingest> {
    const { jobId, closedAt } = ingest
    if (closedAt !== null || !isComplete(ingest)) return ingest
    await this.#lock.shared(jobId, async () => this.#completion.queue(await this.#get(jobId)))
    return this.#get(jobId)
  }

  /** Completes one file at a time, and none while the ingest is dropped; one that cannot go on is dropped. */
  async #completing<Outcome>(
    jobId: string,
    fileId: string,
    complete: (ingest: Ingest) => Promise<Outcome | LongshoreError>,
  ): Promise<Outcome> {
    const completeNow = async (): Promise<Outcome | LongshoreError> => complete(await this.#get(jobId))
    const outcome = await this.#lock.shared(jobId, () => this.#lock.alone(`${jobId}/${fileId}`, completeNow))
    if (!(outcome instanceof LongshoreError)) return outcome
    await this.abort(jobId).catch(this.#onFault)
    throw outcome
  }

  #newIngest(draft: JobDraft, files: readonly IngestFile[]): Ingest {
    const now = this.#clock.now()
    const { bucket, partUrlTtlMs } = this.#settings
    return { jobId: draft.id, bucket, createdAt: now, expiresAt: now + partUrlTtlMs, closedAt: null, files, draft }
  }

  /** Puts the ingest into its place. */
  async #keep(ingest: Ingest, place: Ingest): Promise<{ ingest: Ingest; replayed: boolean }> {
    const kept = await this.#records.open(ingest)
    if (kept.replayed) await this.#clear(place)
    else this.#sweep.expect(ingest.expiresAt)
    return kept
  }

  /** Drops what was begun; when that fails the place stays, and the sweep tries again. */
  async #clear(place: Ingest, drop?: DropUploads): Promise<void> {
    await this.#places.clear(place, drop).catch((fault: unknown) => {
      this.#onFault(fault)
      this.#sweep.again()
    })
  }

  /** Closes a complete ingest whose job is there, because a request that queued it came no further. False when it is not. */
  async #closedIfQueued(ingest: Ingest): Promise<boolean> {
    const { jobId } = ingest
    if (!isComplete(ingest) || (await this.#jobs.find(jobId)) === undefined) return false
    return this.#records.close(jobId, this.#clock.now())
  }

  /** False when it is closed, or not there any more. */
  async #endAndDrop(ingest: Ingest): Promise<boolean> {
    const isOver = await this.#records.end(ingest.jobId)
    if (isOver) await this.#drop(ingest)
    return isOver
  }

  /** Drops what an ingest that has ended uploaded. A job that another replica queues at that moment is withdrawn; one that runs by then keeps its files. */
  async #drop({ bucket, jobId, files }: Ingest): Promise<void> {
    if (!(await withdraw(this.#jobs, jobId))) {
      await dropUploads(this.#store, bucket, files)
      await dropStrayUploads(this.#store, bucket, jobFolder(this.#settings.datasetsPrefix, jobId))
      await withdraw(this.#jobs, jobId)
    }
    await this.#records.forget(jobId)
  }

  /** Ends an ingest that has expired; what is complete, or a form that is under way or became its job, is not lost. */
  async #settleExpired({ jobId }: Ingest): Promise<void> {
    await this.#lock.alone(jobId, async () => {
      await this.#places.holdOf(jobId)?.extend()
      const isOver = await this.#records.end(jobId, this.#clock.now())
      const ingest = await this.#records.get(jobId)
      if (ingest === undefined) return
      if (!isOver && isComplete(ingest)) await this.#completion.queue(ingest)
      else if (!isOver) this.#sweep.expect(ingest.expiresAt)
      else if (isPlace(ingest)) await this.#places.clear(ingest)
      else await this.#drop(ingest)
    })
  }

  /** Undefined when there is no such upload any more. */
  async #receivedParts(ingest: Ingest, file: IngestFile): Promise<UploadedPart[] | undefined> {
    if (file.etag !== null) return []
    return this.#store.listParts({ bucket: ingest.bucket, key: file.key }, file.uploadId).catch(unlessGone)
  }

  /** What is not yet an ingest, or none any more, is none to anyone else. */
  async #get(jobId: string): Promise<Ingest> {
    const ingest = await this.#records.get(jobId)
    if (ingest === undefined || isPlace(ingest) || hasEnded(ingest)) throw ingestNotFound(jobId)
    return ingest
  }

  /** Why an ingest that was open a moment ago is not any more. */
  async #overOf(jobId: string): Promise<LongshoreError> {
    const ingest = await this.#records.get(jobId)
    return ingest === undefined || hasEnded(ingest) ? ingestNotFound(jobId) : ingestClosed(jobId)
  }
}
