import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { LongshoreError } from '../../src/base/errors.ts'
import type {
  GetOptions,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  UploadedPart,
} from '../../src/storage/object-store.ts'
import { formatObjectUri, type ObjectRef } from '../../src/storage/object-uri.ts'

/** Objects in memory, for tests that watch or disturb what a room asks of its store. Uploads by part are not for it. */
export class MemoryStore implements ObjectStore {
  readonly kind = 's3'
  /** Bytes by URI. */
  readonly objects = new Map<string, Buffer>()

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async put(ref: ObjectRef, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    const chunks: Uint8Array[] = []
    for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(chunk)
    options.signal?.throwIfAborted()
    const bytes = Buffer.concat(chunks)
    this.objects.set(formatObjectUri(ref), bytes)
    return infoOf(bytes)
  }

  async get(ref: ObjectRef, options: GetOptions = {}): Promise<{ info: ObjectInfo; body: Readable }> {
    options.signal?.throwIfAborted()
    const bytes = this.objects.get(formatObjectUri(ref))
    if (!bytes) throw new LongshoreError('OBJECT_NOT_FOUND', `There is no object ${formatObjectUri(ref)}.`)
    const info = infoOf(bytes)
    if (options.ifMatch !== undefined && options.ifMatch !== info.etag) {
      throw new LongshoreError('PRECONDITION_FAILED', `${formatObjectUri(ref)} has changed.`)
    }
    const { start = 0, end = bytes.byteLength - 1 } = options.range ?? {}
    if (options.range && start >= bytes.byteLength) throw new LongshoreError('RANGE_NOT_SATISFIABLE', 'Past the end.')
    return { info, body: this.stream(bytes.subarray(start, end + 1)) }
  }

  async head(ref: ObjectRef): Promise<ObjectInfo | undefined> {
    const bytes = this.objects.get(formatObjectUri(ref))
    return bytes && infoOf(bytes)
  }

  async *list(bucket: string, prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }> {
    const root = `s3://${bucket}/`
    const found = [...this.objects].filter(([uri]) => uri.startsWith(root + prefix))
    for (const [uri, bytes] of found) yield { key: uri.slice(root.length), sizeBytes: bytes.byteLength }
  }

  async delete(refs: readonly ObjectRef[]): Promise<void> {
    for (const ref of refs) this.objects.delete(formatObjectUri(ref))
  }

  createUpload(): Promise<string> {
    return unsupported()
  }
  signPart(): Promise<string> {
    return unsupported()
  }
  uploadPart(): Promise<UploadedPart> {
    return unsupported()
  }
  listParts(): Promise<UploadedPart[]> {
    return unsupported()
  }
  completeUpload(): Promise<ObjectInfo> {
    return unsupported()
  }
  abortUpload(): Promise<void> {
    return unsupported()
  }
  async abortUploads(): Promise<void> {}
  signGet(): Promise<string> {
    return unsupported()
  }

  /** How bytes leave; overridden to break off. */
  protected stream(bytes: Buffer): Readable {
    return Readable.from(bytes.byteLength === 0 ? [] : [bytes], { objectMode: false })
  }
}

function infoOf(bytes: Buffer): ObjectInfo {
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
  return { sizeBytes: bytes.byteLength, etag, modifiedAt: 0, contentType: 'application/octet-stream' }
}

async function unsupported(): Promise<never> {
  throw new Error('the memory store takes no uploads by part')
}
