import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Ingest, IngestFile, IngestRecords } from '../engine/ingest-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { ManifestEntry } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { formatObjectUri } from '../storage/object-uri.ts'
import { fileOf, ingestNotFound, unlessGone } from './ingest-errors.ts'
import { type ClaimedPart, checkParts, digestOf } from './ingest-files.ts'

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
    const etag = await this.#makeObject(ingest, file, upload.parts)
    if (etag instanceof LongshoreError) return etag
    const after = await this.#parts.records.completeFile(ingest.jobId, file.id, etag)
    if (after === undefined) {
      await this.#parts.store.delete([{ bucket: ingest.bucket, key: file.key }])
      throw ingestNotFound(ingest.jobId)
    }
    await this.queue(after)
    return { ...file, etag }
  }

  /** Queues the job when every file is complete; harmless when it is queued already. */
  async queue(ingest: Ingest): Promise<void> {
    if (ingest.closedAt !== null || !isComplete(ingest)) return
    // The key belongs to the ingest: as the job's own it could clash with a submit of the same key in the meantime.
    const { idempotency: _ofIngest, ...draft } = ingest.draft
    await this.#parts.jobs.submit(draft, { files: ingest.files.map((file) => manifestEntry(ingest, file)) })
    await this.#parts.records.close(ingest.jobId, this.#parts.clock.now())
  }

  async #makeObject(ingest: Ingest, file: IngestFile, parts: readonly ClaimedPart[]): Promise<string | LongshoreError> {
    const { store } = this.#parts
    const ref = { bucket: ingest.bucket, key: file.key }
    const received = await store.listParts(ref, file.uploadId).catch(unlessGone)
    if (received !== undefined) checkParts(file, parts, received)
    const info = await store.completeUpload(ref, file.uploadId, parts)
    // An upload that is gone was completed just before a crash, and the store answers its object again. The key is the
    // ingest's own, so nothing else can lie there; of another size, it would be something else all the same.
    if (info.sizeBytes !== file.sizeBytes) throw otherObject(file, info.sizeBytes)
    if (file.sha256 === null) return info.etag
    const digest = await digestOf(store, ref, info.etag)
    if (digest === file.sha256) return info.etag
    return new LongshoreError(
      'DIGEST_MISMATCH',
      `${JSON.stringify(file.filename)} was announced with SHA-256 ${file.sha256} but has ${digest}. The ingest was dropped; start a new one.`,
    )
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

function manifestEntry(ingest: Ingest, file: IngestFile): ManifestEntry {
  const uri = formatObjectUri({ bucket: ingest.bucket, key: file.key })
  return file.sha256 === null ? { uri } : { uri, sha256: file.sha256 }
}
