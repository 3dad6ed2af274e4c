import { type Clock, every } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Component } from '../base/lifecycle.ts'
import type { Ingest, IngestFile, IngestRecords } from '../engine/ingest-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Job, ManifestEntry } from '../job/job.ts'
import type { ObjectStore, UploadedPart } from '../storage/object-store.ts'
import { formatObjectUri } from '../storage/object-uri.ts'
import { checkDistinct, checkFilename } from './filenames.ts'
import { type FormOptions, type FormPart, FormUpload } from './form-upload.ts'
import {
  type AnnouncedFile,
  type ClaimedPart,
  checkParts,
  digestOf,
  dropUploads,
  inParallel,
  keyOf,
  openUploads,
} from './ingest-files.ts'
import type { IngestSettings } from './ingest-settings.ts'
import { IngestSweep } from './ingest-sweep.ts'
import { type Idempotency, jobRequest, type ParsedJobOptions } from './job-request.ts'
import {
  checkFileSize,
  jobTooLarge,
  MAX_PART_URLS,
  partCountOf,
  partSizeOf,
  sizeOfPart,
  tooManyFiles,
} from './part-plan.ts'
import { SharedLock } from './shared-lock.ts'

/** What ingests stand on. */
export interface IngestParts {
  records: IngestRecords
  store: ObjectStore
  jobs: JobManager
  clock: Clock
  settings: IngestSettings
  /** No other process serves these records, so a form found half received at the start was cut off by a crash. Default false. */
  alone?: boolean
  /** Hears of faults of the sweep, which nobody waits for. */
  onFault?: (fault: unknown) => void
}

/** Where one part goes. */
export interface PartUrl {
  partNumber: number
  url: string
}

/** A form says that often that it is still being received; thrice this without a word, and a crash cut it off. */
const FORM_SIGN_OF_LIFE_MS = 20_000

/** How long a client should wait before it opens another ingest. */
const TOO_MANY_INGESTS_RETRY_MS = 30_000

/**
 * Upload sessions that end as jobs. A file is complete once the store has the object and the record says so; the last
 * one queues the job under the ingest's id. Every step can be repeated, and whatever a crash leaves between two steps is
 * finished by repeating the call, or by the sweep at the next start.
 */
export class Ingests implements Component {
  readonly #records: IngestRecords
  readonly #store: ObjectStore
  readonly #jobs: JobManager
  readonly #clock: Clock
  readonly #settings: IngestSettings
  readonly #sweep: IngestSweep
  readonly #alone: boolean
  readonly #onFault: (fault: unknown) => void
  /** Completing shares an ingest, aborting has it alone. */
  readonly #lock = new SharedLock()

  constructor({ records, store, jobs, clock, settings, alone = false, onFault = () => {} }: IngestParts) {
    this.#records = records
    this.#store = store
    this.#jobs = jobs
    this.#clock = clock
    this.#settings = settings
    this.#alone = alone
    this.#onFault = onFault
    this.#sweep = new IngestSweep(records, clock, { settle: (ingest) => this.#settleExpired(ingest), onFault })
  }

  /** Queues the jobs of ingests that a crash left complete, ends those that have expired, and waits for the next to expire. */
  async start(): Promise<void> {
    for (const ingest of await this.#records.listOpen(this.#settings.limits.openIngests)) {
      if (isComplete(ingest)) await this.#queue(ingest).catch(this.#onFault)
      if (isForm(ingest) && this.#alone) await this.#endForm(ingest).catch(this.#onFault)
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
    idempotency?: Idempotency,
  ): Promise<{ ingest: Ingest; replayed: boolean }> {
    this.#checkFiles(files)
    const jobId = newId()
    const draft = this.#jobs.draft(jobRequest(options, idempotency), jobId)
    const { bucket, datasetsPrefix, partSizeBytes } = this.#settings
    const keyed = files.map((file) => ({ ...file, key: keyOf(datasetsPrefix, jobId, file.filename) }))
    await this.#checkRoom()
    const uploads = await openUploads(this.#store, bucket, keyed, partSizeBytes)
    return this.#keep({ ...this.#blank(jobId), files: uploads, draft })
  }

  /** The URLs of the parts of a file, all of them unless told which. */
  async signParts(ingest: Ingest, file: IngestFile, partNumbers?: readonly number[]): Promise<PartUrl[]> {
    const numbers = partNumbers ?? Array.from({ length: partCountOf(file) }, (_, i) => i + 1)
    const ref = { bucket: ingest.bucket, key: file.key }
    return Promise.all(
      numbers.map(async (partNumber) => {
        const part = { partNumber, sizeBytes: sizeOfPart(file, partNumber) }
        return { partNumber, url: await this.#store.signPart(ref, file.uploadId, part, ingest.expiresAt) }
      }),
    )
  }

  /**
   * Makes a file of its parts; the last file queues the job. Repeating it answers the same. Throws `INGEST_NOT_FOUND`,
   * `UPLOAD_NOT_FOUND`, `PARTS_MISMATCH`, `PART_SIZE_MISMATCH`; `DIGEST_MISMATCH` ends the whole ingest, because the
   * parts are no longer there to be replaced.
   */
  async completeFile(
    jobId: string,
    fileId: string,
    uploadId: string,
    parts: readonly ClaimedPart[],
  ): Promise<IngestFile> {
    const outcome = await this.#lock.shared(jobId, () =>
      this.#lock.alone(`${jobId}/${fileId}`, () => this.#complete(jobId, fileId, uploadId, parts)),
    )
    if (outcome instanceof LongshoreError) {
      await this.abort(jobId).catch(() => {})
      throw outcome
    }
    return outcome
  }

  /** An ingest and the parts received so far of each file that is not complete. Throws `INGEST_NOT_FOUND`. */
  async state(jobId: string): Promise<{ ingest: Ingest; parts: UploadedPart[][] }> {
    const ingest = await this.#get(jobId)
    return { ingest, parts: await inParallel(ingest.files, (file) => this.#receivedParts(ingest, file)) }
  }

  /** Fresh URLs for some parts of a file; the whole ingest lives as long as they do. */
  async renewParts(
    jobId: string,
    fileId: string,
    partNumbers: readonly number[],
  ): Promise<{ urls: PartUrl[]; expiresAt: number }> {
    const ingest = await this.#get(jobId)
    const file = fileOf(ingest, fileId)
    if (ingest.closedAt !== null || file.etag !== null) throw closed(jobId)
    checkNumbers(file, partNumbers)
    const expiresAt = Math.max(ingest.expiresAt, this.#clock.now() + this.#settings.partUrlTtlMs)
    await this.#records.extend(jobId, expiresAt)
    return { urls: await this.signParts({ ...ingest, expiresAt }, file, partNumbers), expiresAt }
  }

  /** Drops an open ingest with all it uploaded. Throws `INGEST_NOT_FOUND`, `INGEST_CLOSED`. */
  abort(jobId: string): Promise<void> {
    return this.#lock.alone(jobId, async () => {
      const ingest = await this.#get(jobId)
      if (ingest.closedAt !== null) throw closed(jobId)
      await this.#drop(ingest)
    })
  }

  /** Receives files and job options in one form and submits the job. See {@link FormUpload}. */
  async uploadForm(
    parts: AsyncIterable<FormPart>,
    options: FormOptions = {},
  ): Promise<{ job: Job; replayed: boolean }> {
    await this.#checkRoom()
    const blank = { ...this.#blank(newId()), expiresAt: this.#formExpiry() }
    const upload = new FormUpload(this.#store, this.#jobs, blank, this.#settings)
    await this.#records.open(blank)
    this.#sweep.expect(blank.expiresAt)
    const lifeline = this.#keepAlive(blank)
    try {
      const submitted = await upload.receive(parts, options)
      if (submitted.replayed) await upload.remove()
      await this.#records.forget(blank.jobId).catch(this.#onFault)
      return submitted
    } catch (failure) {
      await this.#dropForm(upload, blank.jobId).catch(this.#onFault)
      throw failure
    } finally {
      lifeline.cancel()
    }
  }

  /** Checks what was announced, one file after the other and together. */
  #checkFiles(files: readonly AnnouncedFile[]): void {
    const { limits, partSizeBytes } = this.#settings
    if (files.length > limits.filesPerIngest) throw tooManyFiles(limits.filesPerIngest)
    for (const file of files) {
      checkFilename(file.filename)
      checkFileSize(file.filename, file.sizeBytes, limits.fileBytes)
    }
    checkDistinct(files.map((file) => file.filename))
    if (total(files, (file) => file.sizeBytes) > limits.jobBytes) throw jobTooLarge(limits.jobBytes)
    const planned = files.map(({ sizeBytes }) => ({ sizeBytes, partSizeBytes: partSizeOf(sizeBytes, partSizeBytes) }))
    if (total(planned, partCountOf) > MAX_PART_URLS) {
      throw new LongshoreError(
        'TOO_MANY_PARTS',
        `The files need more than ${MAX_PART_URLS} parts together. Split them into several ingests, or let the operator raise MULTIPART_PART_SIZE_MB.`,
      )
    }
  }

  async #checkRoom(): Promise<void> {
    const limit = this.#settings.limits.openIngests
    const open = await this.#records.countOpen()
    if (open < limit) return
    throw new LongshoreError(
      'TOO_MANY_INGESTS',
      `${open} ingests are open, the limit (MAX_OPEN_INGESTS) is ${limit}. Complete or abort some, or try again later.`,
      { retryAfterMs: TOO_MANY_INGESTS_RETRY_MS },
    )
  }

  /** An ingest without files: as long as it has none, it is a form being received, of which a crash may leave objects. */
  #blank(jobId: string): Ingest {
    const now = this.#clock.now()
    return {
      jobId,
      bucket: this.#settings.bucket,
      createdAt: now,
      expiresAt: now + this.#settings.partUrlTtlMs,
      closedAt: null,
      files: [],
      draft: {
        id: jobId,
        runAt: now,
        parameters: null,
        processor: { name: '', version: '' },
        priority: 0,
        group: null,
        labels: {},
        maxAttempts: 1,
        timeoutMs: 1,
      },
    }
  }

  async #keep(ingest: Ingest): Promise<{ ingest: Ingest; replayed: boolean }> {
    const drop = (): Promise<void> => dropUploads(this.#store, ingest.bucket, ingest.files)
    const kept = await this.#records.open(ingest).catch(async (failure: unknown) => {
      await drop().catch(() => {})
      throw failure
    })
    if (kept.replayed) await drop()
    else this.#sweep.expect(ingest.expiresAt)
    return kept
  }

  async #complete(
    jobId: string,
    fileId: string,
    uploadId: string,
    parts: readonly ClaimedPart[],
  ): Promise<IngestFile | LongshoreError> {
    const ingest = await this.#get(jobId)
    const file = fileOf(ingest, fileId, uploadId)
    if (file.etag !== null) {
      await this.#queue(ingest)
      return file
    }
    const etag = await this.#makeObject(ingest, file, parts)
    if (etag instanceof LongshoreError) return etag
    const after = await this.#records.completeFile(jobId, fileId, etag)
    if (after === undefined) {
      await this.#store.delete([{ bucket: ingest.bucket, key: file.key }])
      throw notFound(jobId)
    }
    await this.#queue(after)
    return { ...file, etag }
  }

  /** The ETag of the object the parts made; an error is answered, not thrown, when the ingest cannot go on. */
  async #makeObject(ingest: Ingest, file: IngestFile, parts: readonly ClaimedPart[]): Promise<string | LongshoreError> {
    const ref = { bucket: ingest.bucket, key: file.key }
    const received = await this.#store.listParts(ref, file.uploadId).catch(unlessGone)
    // An upload that is gone may have been completed just before a crash: the store then answers the object again.
    if (received !== undefined) checkParts(file, parts, received)
    const info = await this.#store.completeUpload(ref, file.uploadId, parts)
    if (file.sha256 === null) return info.etag
    const digest = await digestOf(this.#store, ref, info.etag)
    if (digest === file.sha256) return info.etag
    return new LongshoreError(
      'DIGEST_MISMATCH',
      `${JSON.stringify(file.filename)} was announced with SHA-256 ${file.sha256} but has ${digest}. The ingest was dropped; start a new one.`,
    )
  }

  /** Queues the job when every file is complete; harmless when it is queued already. */
  async #queue(ingest: Ingest): Promise<void> {
    if (ingest.closedAt !== null || !isComplete(ingest)) return
    // The key belongs to the ingest: as the job's own it could clash with a submit of the same key in the meantime.
    const { idempotency: _ofIngest, ...draft } = ingest.draft
    await this.#jobs.submit(draft, { files: ingest.files.map((file) => manifestEntry(ingest, file)) })
    await this.#records.close(ingest.jobId, this.#clock.now())
  }

  /** Removes what a form stored; when that fails the record stays, and the sweep tries again. */
  async #dropForm(upload: FormUpload, jobId: string): Promise<void> {
    await upload.remove()
    await this.#records.forget(jobId)
  }

  async #drop(ingest: Ingest): Promise<void> {
    await dropUploads(this.#store, ingest.bucket, ingest.files)
    await this.#records.forget(ingest.jobId)
  }

  /** Ends an ingest that has expired; what is complete, or a form that became its job, is not lost. */
  async #settleExpired({ jobId }: Ingest): Promise<void> {
    await this.#lock.alone(jobId, async () => {
      const ingest = await this.#records.get(jobId)
      if (ingest === undefined || ingest.closedAt !== null || ingest.expiresAt > this.#clock.now()) return
      if (isComplete(ingest)) return this.#queue(ingest)
      if (isForm(ingest)) await this.#endForm(ingest)
      else await this.#drop(ingest)
    })
  }

  /** Ends a form that was cut off: what it stored goes, unless it became its job just before. */
  async #endForm(ingest: Ingest): Promise<void> {
    if (!(await this.#isSubmitted(ingest.jobId))) await this.#removeStored(ingest)
    await this.#records.forget(ingest.jobId)
  }

  async #removeStored(ingest: Ingest): Promise<void> {
    const prefix = `${this.#settings.datasetsPrefix}/${ingest.jobId}/`
    for await (const { key } of this.#store.list(ingest.bucket, prefix)) {
      await this.#store.delete([{ bucket: ingest.bucket, key }])
    }
  }

  async #isSubmitted(jobId: string): Promise<boolean> {
    try {
      await this.#jobs.get(jobId)
      return true
    } catch (failure) {
      if (failure instanceof LongshoreError && failure.code === 'JOB_NOT_FOUND') return false
      throw failure
    }
  }

  /** Keeps the record of a form alive while it is being received, however long that takes. */
  #keepAlive({ jobId }: Ingest): { cancel(): void } {
    const extend = (): Promise<void> => this.#records.extend(jobId, this.#formExpiry())
    return every(this.#clock, FORM_SIGN_OF_LIFE_MS, extend, this.#onFault)
  }

  #formExpiry(): number {
    return this.#clock.now() + 3 * FORM_SIGN_OF_LIFE_MS
  }

  async #receivedParts(ingest: Ingest, file: IngestFile): Promise<UploadedPart[]> {
    if (file.etag !== null) return []
    const ref = { bucket: ingest.bucket, key: file.key }
    return (await this.#store.listParts(ref, file.uploadId).catch(unlessGone)) ?? []
  }

  async #get(jobId: string): Promise<Ingest> {
    const ingest = await this.#records.get(jobId)
    if (ingest === undefined || ingest.files.length === 0) throw notFound(jobId)
    return ingest
  }
}

function isForm(ingest: Ingest): boolean {
  return ingest.files.length === 0
}

function isComplete(ingest: Ingest): boolean {
  return ingest.files.length > 0 && ingest.files.every((file) => file.etag !== null)
}

function fileOf(ingest: Ingest, fileId: string, uploadId?: string): IngestFile {
  const file = ingest.files.find(({ id }) => id === fileId)
  if (file !== undefined && (uploadId === undefined || file.uploadId === uploadId)) return file
  throw new LongshoreError(
    'UPLOAD_NOT_FOUND',
    `The ingest ${ingest.jobId} has no file ${JSON.stringify(fileId)}${uploadId === undefined ? '' : ` with upload ${JSON.stringify(uploadId)}`}.`,
  )
}

function manifestEntry(ingest: Ingest, file: IngestFile): ManifestEntry {
  const uri = formatObjectUri({ bucket: ingest.bucket, key: file.key })
  return file.sha256 === null ? { uri } : { uri, sha256: file.sha256 }
}

function checkNumbers(file: IngestFile, partNumbers: readonly number[]): void {
  const count = partCountOf(file)
  const wrong = partNumbers.findIndex((partNumber) => partNumber > count)
  if (wrong === -1) return
  throw new LongshoreError(
    'VALIDATION_FAILED',
    `The file has ${count} parts, there is no part ${partNumbers[wrong]}.`,
    {
      errors: [{ pointer: `/part_numbers/${wrong}`, message: `expected at most ${count}` }],
    },
  )
}

function unlessGone(failure: unknown): undefined {
  if (failure instanceof LongshoreError && failure.code === 'UPLOAD_NOT_FOUND') return undefined
  throw failure
}

function total<Item>(items: readonly Item[], measure: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + measure(item), 0)
}

function notFound(jobId: string): LongshoreError {
  return new LongshoreError(
    'INGEST_NOT_FOUND',
    `There is no ingest ${JSON.stringify(jobId)}. It may have expired or been aborted; start a new one.`,
  )
}

function closed(jobId: string): LongshoreError {
  return new LongshoreError(
    'INGEST_CLOSED',
    `The ingest ${jobId} is complete: its job is queued and nothing can be changed.`,
  )
}
