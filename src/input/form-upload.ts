import { createHash } from 'node:crypto'
import { LongshoreError, messageOf } from '../base/errors.ts'
import type { Ingest } from '../engine/ingest-records.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Job, ManifestEntry } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { formatObjectUri, type ObjectRef } from '../storage/object-uri.ts'
import { checkFilename, duplicate, foldName } from './filenames.ts'
import { readFields } from './form-fields.ts'
import { inParallel, keyOf } from './ingest-files.ts'
import type { IngestSettings } from './ingest-settings.ts'
import { idempotencyOf, jobRequest } from './job-request.ts'
import { fileTooLarge, jobTooLarge, tooManyFiles } from './part-plan.ts'

/** One part of a form as it arrives. */
export type FormPart =
  | { kind: 'field'; name: string; value: string }
  | { kind: 'file'; filename: string; contentType?: string; body: AsyncIterable<Uint8Array> }

export interface FormOptions {
  /** Whose the job will be; null or absent means no tenant's. */
  tenant?: string | null
  idempotencyKey?: string
  /** The span the request belongs to, as W3C Trace Context writes it. */
  traceparent?: string
  /** Ends the upload; its reason is thrown. */
  signal?: AbortSignal
}

/** One file as it was stored; the digest only when a key must tell equal forms from others. */
interface StoredFile {
  filename: string
  ref: ObjectRef
  sizeBytes: number
  sha256?: string
}

/**
 * One form being received: files go straight to the store, one after the other as the form has them, fields may stand
 * before or after them.
 */
export class FormUpload {
  readonly #store: ObjectStore
  readonly #jobs: JobManager
  readonly #place: Ingest
  readonly #settings: IngestSettings
  readonly #names = new Map<string, string>()
  readonly #files: StoredFile[] = []
  readonly #fields: [string, string][] = []
  #bytes = 0

  constructor(store: ObjectStore, jobs: JobManager, place: Ingest, settings: IngestSettings) {
    this.#store = store
    this.#jobs = jobs
    this.#place = place
    this.#settings = settings
  }

  /** Stores the files, and keeps the fields. */
  async receive(parts: AsyncIterable<FormPart>, options: FormOptions): Promise<void> {
    for await (const part of parts) {
      if (part.kind === 'field') this.#fields.push([part.name, part.value])
      else await this.#storeFile(part, options)
    }
    options.signal?.throwIfAborted()
  }

  /** Submits the job of what was received. */
  async submit({ tenant, idempotencyKey, traceparent }: FormOptions): Promise<{ job: Job; replayed: boolean }> {
    if (this.#files.length === 0) {
      throw new LongshoreError(
        'VALIDATION_FAILED',
        'The form holds no file; send at least one, e.g. `curl -F file=@x.dat`.',
        {
          errors: [{ pointer: '/file', message: 'expected at least one file' }],
        },
      )
    }
    const options = readFields(this.#fields, this.#settings.limits.jsonDepth)
    const content = this.#files.map(({ filename, sizeBytes, sha256 }) => ({ filename, sizeBytes, sha256 }))
    const idempotency =
      idempotencyKey === undefined ? undefined : idempotencyOf(idempotencyKey, 'uploadForm', { options, content })
    const draft = this.#jobs.draft(jobRequest(options, { tenant, idempotency, traceparent }), this.#place.jobId)
    return this.#jobs.submit(draft, { files: this.#files.map(manifestEntry) })
  }

  /** Whether every file lies in the store, whole. */
  async isStored(): Promise<boolean> {
    const found = await inParallel(this.#files, ({ ref }) => this.#store.head(ref))
    return found.every((info, i) => info?.sizeBytes === this.#files[i]?.sizeBytes)
  }

  async #storeFile(part: FormPart & { kind: 'file' }, { signal, idempotencyKey }: FormOptions): Promise<void> {
    const { bucket, jobId } = this.#place
    this.#checkName(part.filename)
    const ref = { bucket, key: keyOf(this.#settings.datasetsPrefix, jobId, part.filename) }
    const file: StoredFile = { filename: part.filename, ref, sizeBytes: 0 }
    this.#files.push(file)
    const digest = idempotencyKey === undefined ? undefined : createHash('sha256')
    const info = await this.#store.put(ref, this.#measured(part, digest), {
      ...(part.contentType !== undefined && { contentType: part.contentType }),
      ...(signal && { signal }),
    })
    file.sizeBytes = info.sizeBytes
    if (digest) file.sha256 = digest.digest('hex')
  }

  #checkName(filename: string): void {
    const limit = this.#settings.limits.filesPerIngest
    if (this.#files.length >= limit) throw tooManyFiles(limit)
    checkFilename(filename)
    const folded = foldName(filename)
    const other = this.#names.get(folded)
    if (other !== undefined) throw duplicate(filename, other)
    this.#names.set(folded, filename)
  }

  /** The bytes of a file, refused as soon as they are more than allowed. */
  async *#measured(
    part: FormPart & { kind: 'file' },
    digest: { update(chunk: Uint8Array): unknown } | undefined,
  ): AsyncGenerator<Uint8Array> {
    const { fileBytes, jobBytes } = this.#settings.limits
    let bytes = 0
    for await (const chunk of readable(part.body)) {
      bytes += chunk.length
      this.#bytes += chunk.length
      if (bytes > fileBytes) throw fileTooLarge(part.filename, fileBytes)
      if (this.#bytes > jobBytes) throw jobTooLarge(jobBytes)
      digest?.update(chunk)
      yield chunk
    }
  }
}

/** The error of a form that ends too early or is no form. */
export function malformedForm(cause: unknown): LongshoreError {
  return new LongshoreError('MALFORMED_FORM', `The form cannot be read: ${messageOf(cause)}.`, { cause })
}

/** The chunks of a file; whatever keeps them from coming is the fault of the form. */
async function* readable(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (failure) {
    throw failure instanceof LongshoreError ? failure : malformedForm(failure)
  }
}

function manifestEntry(file: StoredFile): ManifestEntry {
  const uri = formatObjectUri(file.ref)
  return file.sha256 === undefined ? { uri } : { uri, sha256: file.sha256 }
}
