import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { hasEnded, type Ingest, type IngestFile, type IngestRecords } from '../engine/ingest-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { ManifestEntry } from '../job/job.ts'
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts'
import { formatObjectUri } from '../storage/object-uri.ts'
import { fileOf, ingestNotFound, unlessGone } from './ingest-errors.ts'
import { type ClaimedPart, checkParts, digestOf } from './ingest-files.ts'
import { withdraw } from './withdraw.ts'

/** What completing stands on. */
export interface CompletionParts {
  records: IngestRecords
  store: ObjectStore
  jobs: JobManager
  clock: Clock
}

/** Which file of which ingest a client says is complete, and what it received for the parts. */
export interface CompletedUpload {
  fileId: string
  uploadId: string
  parts: readonly ClaimedPart[]
}

/**
 * The steps from parts to a queued job: the store makes the object, the record notes it, the last one queues the job,
 * the record is closed. Each can be repeated, so a crash between two of them costs nothing.
 */
export class FileCompletion {
  readonly #parts: CompletionParts

  constructor(parts: CompletionParts) {
    this.#parts = parts
  }

  /** Completes one file. An error is answered, not thrown, when the ingest cannot go on and must be dropped. */
  async complete(ingest: Ingest, upload: CompletedUpload): Promise<IngestFile | LongshoreError> {
    const file = fileOf(ingest, upload.fileId, upload.uploadId)
    if (file.etag !== null) {
      await this.queue(ingest)
      return file
    }
    return this.#finish(ingest, file, await this.#makeObject(ingest, file, upload.parts))
  }

  /**
   * Completes a file whose upload has become its object though the record does not say so: a crash came between, or the
   * answer of the store was lost. Undefined when there is no such object; an error is answered as {@link complete} does.
   */
  async adopt(ingest: Ingest, fileId: string): Promise<IngestFile | LongshoreError | undefined> {
    const file = fileOf(ingest, fileId)
    if (file.etag !== null) return file
    const info = await this.#parts.store.head({ bucket: ingest.bucket, key: file.key })
    return info?.sizeBytes === file.sizeBytes ? this.#finish(ingest, file, info) : undefined
  }

  /**
   * Queues the job when every file is complete; harmless when it is queued already. Throws `INGEST_NOT_FOUND` when the
   * ingest ends meanwhile: the job is withdrawn then.
   */
  async queue(ingest: Ingest): Promise<void> {
    if (ingest.closedAt !== null || hasEnded(ingest) || !isComplete(ingest)) return
    // The key belongs to the ingest: as the job's own it could clash with a submit of the same key in the meantime.
    const { idempotency: _ofIngest, ...draft } = ingest.draft
    const { jobs, records, clock } = this.#parts
    await jobs.submit(draft, { files: ingest.files.map((file) => manifestEntry(ingest, file)) })
    if (await records.close(ingest.jobId, clock.now())) return
    await withdraw(jobs, ingest.jobId)
    throw ingestNotFound(ingest.jobId)
  }

  async #makeObject(ingest: Ingest, file: IngestFile, parts: readonly ClaimedPart[]): Promise<ObjectInfo> {
    const { store } = this.#parts
    const ref = { bucket: ingest.bucket, key: file.key }
    const received = await store.listParts(ref, file.uploadId).catch(unlessGone)
    if (received !== undefined) checkParts(file, parts, received)
    const info = await store.completeUpload(ref, file.uploadId, parts)
    // An upload that is gone was completed just before a crash, and the store answers its object again. The key is the
    // ingest's own, so nothing else can lie there; of another size, it would be something else all the same.
    if (info.sizeBytes !== file.sizeBytes) throw otherObject(file, info.sizeBytes)
    return info
  }

  /** Notes that the object is the file, and queues the job if it was the last one. */
  async #finish(ingest: Ingest, file: IngestFile, { etag }: ObjectInfo): Promise<IngestFile | LongshoreError> {
    const { records, store } = this.#parts
    const ref = { bucket: ingest.bucket, key: file.key }
    const digest = file.sha256 === null ? null : await digestOf(store, ref, etag)
    if (digest !== file.sha256) return otherDigest(file, digest)
    const after = await records.completeFile(ingest.jobId, file.id, etag)
    if (after === undefined) {
      await store.delete([ref])
      throw ingestNotFound(ingest.jobId)
    }
    await this.queue(after)
    return { ...file, etag }
  }
}

/** Whether every file lies complete in the store. */
export function isComplete(ingest: Ingest): boolean {
  return ingest.files.length > 0 && ingest.files.every((file) => file.etag !== null)
}

function otherObject(file: IngestFile, sizeBytes: number): LongshoreError {
  const detail = `There is no upload of ${JSON.stringify(file.filename)} any more, and what lies at ${file.key} has ${sizeBytes} bytes, not ${file.sizeBytes}. Abort the ingest and start a new one.`
  return new LongshoreError('UPLOAD_NOT_FOUND', detail)
}

function otherDigest({ filename, sha256 }: IngestFile, digest: string | null): LongshoreError {
  return new LongshoreError(
    'DIGEST_MISMATCH',
    `${JSON.stringify(filename)} was announced with SHA-256 ${sha256} but has ${digest}. The ingest was dropped; start a new one.`,
  )
}

function manifestEntry(ingest: Ingest, file: IngestFile): ManifestEntry {
  const uri = formatObjectUri({ bucket: ingest.bucket, key: file.key })
  return file.sha256 === null ? { uri } : { uri, sha256: file.sha256 }
}
