import { randomUUID } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { LongshoreError } from '../base/errors.ts'
import { expectBody } from './body-tap.ts'
import { writeBody } from './body-writer.ts'
import { resolveRange } from './byte-range.ts'
import { contentTypeOf } from './content-type.ts'
import { onDisk } from './disk.ts'
import { readFileRange } from './file-body.ts'
import { removeLeftFiles } from './left-files.ts'
import { LocalUploads } from './local-uploads.ts'
import { listTree } from './object-listing.ts'
import type {
  GetOptions,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  UploadedPart,
  UploadPlan,
} from './object-store.ts'
import { ObjectTree } from './object-tree.ts'
import { checkObjectRef, formatObjectUri, isBucketName, MAX_KEY_BYTES, type ObjectRef } from './object-uri.ts'
import { SharedUploads } from './shared-uploads.ts'
import { signUrl } from './signed-url.ts'
import type { Uploads } from './upload-folder.ts'
import { type ListedPart, sameEtag } from './upload-parts.ts'

/** What a local store needs. */
export interface LocalStoreOptions {
  /** Folder that holds a folder per bucket; made when it is missing. One process at a time may use it, unless `shared`. */
  folder: string
  /** Other processes use the folder too: each takes any part, and sweeps away nothing that may be another's. Default false. */
  shared?: boolean
  /** Signs part and download URLs; whoever checks them needs the same, see `verifySignedUrl`. */
  signingSecret: string
}

/**
 * Objects as files: `<folder>/<bucket>/<key>`, written aside, synced and renamed, so that a crash leaves the old object
 * or the new one. ETags come from size, time and inode; the content type from the key's extension. Beside the buckets
 * lie `.tmp` (emptied at start; when shared, a folder in it per process, emptied at the start of any once nobody has written
 * to it for a day) and `.uploads`.
 */
export class LocalStore implements ObjectStore {
  readonly kind = 'local'
  readonly #tree: ObjectTree
  readonly #uploads: Uploads
  readonly #tempFolder: string
  readonly #secret: string
  readonly #shared: boolean

  constructor(options: LocalStoreOptions) {
    this.#tree = new ObjectTree(options.folder)
    this.#shared = options.shared ?? false
    this.#tempFolder = this.#shared ? join(this.#tree.root, '.tmp', randomUUID()) : join(this.#tree.root, '.tmp')
    const place = (file: string, ref: ObjectRef): Promise<void> => this.#tree.place(file, ref)
    const at = { folder: join(this.#tree.root, '.uploads'), tempFolder: this.#tempFolder, place }
    this.#uploads = this.#shared ? new SharedUploads(at) : new LocalUploads(at)
    this.#secret = options.signingSecret
  }

  /** Makes the folders and removes what a crash left unfinished. */
  start(): Promise<void> {
    return onDisk(async () => {
      await rm(this.#tempFolder, { recursive: true, force: true })
      await mkdir(this.#tempFolder, { recursive: true })
      if (this.#shared) await removeLeftFiles(this.#tempFolder)
      await this.#uploads.start()
    })
  }

  async stop(): Promise<void> {
    if (this.#shared) await onDisk(() => rm(this.#tempFolder, { recursive: true, force: true }))
  }

  async put(ref: ObjectRef, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    checkObjectRef(ref)
    options.signal?.throwIfAborted()
    expectBody(body)
    const file = join(this.#tempFolder, randomUUID())
    try {
      const stats = await writeFile(file, body, options)
      options.signal?.throwIfAborted()
      await onDisk(() => this.#tree.place(file, ref))
      return infoOf(ref, stats)
    } catch (failure) {
      await rm(file, { force: true }).catch(() => {})
      throw failure
    }
  }

  async get(ref: ObjectRef, options: GetOptions = {}): Promise<{ info: ObjectInfo; body: Readable }> {
    checkObjectRef(ref)
    options.signal?.throwIfAborted()
    const file = await onDisk(() => this.#tree.open(ref))
    if (!file) throw objectNotFound(ref)
    try {
      const info = infoOf(ref, file.stats)
      if (options.ifMatch !== undefined && !sameEtag(options.ifMatch, info.etag)) throw changed(ref)
      const whole = { start: 0, end: info.sizeBytes - 1 }
      const range = options.range ? resolveRange(options.range, info.sizeBytes) : whole
      return { info, body: await onDisk(() => readFileRange(file.handle, range, options.signal)) }
    } catch (failure) {
      await file.handle.close()
      throw failure
    }
  }

  async head(ref: ObjectRef): Promise<ObjectInfo | undefined> {
    checkObjectRef(ref)
    const stats = await onDisk(() => this.#tree.stat(ref))
    return stats && infoOf(ref, stats)
  }

  async *list(bucket: string, prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }> {
    const isPossible = isBucketName(bucket) && prefix.isWellFormed() && Buffer.byteLength(prefix) <= MAX_KEY_BYTES
    if (isPossible) yield* listTree(this.#tree, bucket, prefix)
  }

  async delete(refs: readonly ObjectRef[]): Promise<void> {
    for (const ref of refs) checkObjectRef(ref)
    await onDisk(() => this.#tree.remove(refs))
  }

  async createUpload(ref: ObjectRef, plan: UploadPlan): Promise<string> {
    checkObjectRef(ref)
    return onDisk(() => this.#uploads.create(ref, plan))
  }

  async signPart(
    ref: ObjectRef,
    uploadId: string,
    part: { partNumber: number; sizeBytes: number },
    expiresAt: number,
  ): Promise<string> {
    return signUrl(this.#secret, { ref, part: { uploadId, ...part }, expiresAt })
  }

  uploadPart(
    ref: ObjectRef,
    uploadId: string,
    part: { partNumber: number; sizeBytes: number },
    body: ObjectBody,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    expectBody(body)
    return this.#uploads.receive(ref, uploadId, part, body, signal)
  }

  listParts(ref: ObjectRef, uploadId: string): Promise<UploadedPart[]> {
    return this.#uploads.listParts(ref, uploadId)
  }

  async completeUpload(ref: ObjectRef, uploadId: string, parts: readonly ListedPart[]): Promise<ObjectInfo> {
    const completed = await this.#uploads.complete(ref, uploadId, parts)
    const info = await this.head(ref)
    if (info) return info
    if (completed) throw objectNotFound(ref)
    throw new LongshoreError('UPLOAD_NOT_FOUND', `There is no upload of ${formatObjectUri(ref)} with this id.`)
  }

  abortUpload(ref: ObjectRef, uploadId: string): Promise<void> {
    return this.#uploads.abort(ref, uploadId)
  }

  abortUploads(bucket: string, prefix: string): Promise<void> {
    return this.#uploads.abortAll(bucket, prefix)
  }

  async signGet(ref: ObjectRef, expiresAt: number): Promise<string> {
    return signUrl(this.#secret, { ref, expiresAt })
  }
}

/** Writes a new file and syncs it; its time, which the ETag is made of, too. */
async function writeFile(file: string, body: ObjectBody, options: PutOptions): Promise<BigIntStats> {
  const { sizeBytes, signal } = options
  const handle = await onDisk(() => open(file, 'wx'))
  try {
    const plan = { position: 0, ...(sizeBytes !== undefined && { sizeBytes }), ...(signal && { signal }) }
    await writeBody(handle, body, plan)
    await onDisk(() => handle.sync())
    return await onDisk(() => handle.stat({ bigint: true }))
  } finally {
    await handle.close()
  }
}

function infoOf(ref: ObjectRef, stats: BigIntStats): ObjectInfo {
  return {
    sizeBytes: Number(stats.size),
    etag: `"${[stats.size, stats.mtimeNs, stats.ino].map((value) => value.toString(16)).join('-')}"`,
    modifiedAt: Number(stats.mtimeNs / 1_000_000n),
    contentType: contentTypeOf(ref.key),
  }
}

function objectNotFound(ref: ObjectRef): LongshoreError {
  return new LongshoreError('OBJECT_NOT_FOUND', `There is no object ${formatObjectUri(ref)}.`)
}

function changed(ref: ObjectRef): LongshoreError {
  return new LongshoreError('PRECONDITION_FAILED', `The object ${formatObjectUri(ref)} has changed.`)
}
