import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream'
import { createGzip, createZstdCompress } from 'node:zlib'
import type { OutputObject } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { formatObjectUri, type ObjectRef } from '../storage/object-uri.ts'
import { ChunkQueue } from './chunk-queue.ts'

/** How an object's bytes are packed on their way. */
export type Compression = 'gzip' | 'zstd'

/** What writing outputs asks of a store. */
export type OutputStore = Pick<ObjectStore, 'put' | 'delete'>

/** What an object is opened as. */
export interface SinkOptions {
  mediaType: string
  compression?: Compression
  signal: AbortSignal
}

/** Bytes that may wait for the store, per object: enough to keep it busy while the caller makes the next ones. */
const QUEUE_BYTES = 2 * 1024 * 1024

/** One object being written: takes chunks, measures what leaves, and ends as an {@link OutputObject}. */
export class ObjectSink {
  readonly uri: string
  /** Settles when the upload does: with what was written, or with what made it fail. */
  readonly upload: Promise<OutputObject>
  readonly #queue = new ChunkQueue(QUEUE_BYTES)
  readonly #unlisten: () => void

  constructor(store: OutputStore, ref: ObjectRef, options: SinkOptions) {
    this.uri = formatObjectUri(ref)
    this.#unlisten = onAbort(options.signal, (reason) => this.#queue.fail(reason))
    this.upload = this.#run(store, ref, options)
    // A failed upload fails the queue, so the next write or close throws it.
    this.upload.catch((failure: unknown) => this.#queue.fail(failure))
  }

  /**
   * Takes a chunk, which must not be changed afterwards; resolves when there is room for more. Throws what made the
   * upload fail, or the reason of the aborted signal.
   */
  write(chunk: Uint8Array): Promise<void> {
    return this.#queue.push(chunk)
  }

  /** Resolves once the object is durable. */
  close(): Promise<OutputObject> {
    this.#queue.end()
    return this.upload
  }

  /** Drops the upload; resolves when nothing of it runs any more. */
  async abort(reason: unknown): Promise<void> {
    this.#queue.fail(reason)
    await this.upload.catch(() => {})
  }

  async #run(store: OutputStore, ref: ObjectRef, options: SinkOptions): Promise<OutputObject> {
    const hash = createHash('sha256')
    let sizeBytes = 0
    async function* measured(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
      for await (const chunk of chunks) {
        hash.update(chunk)
        sizeBytes += chunk.byteLength
        yield chunk
      }
    }
    try {
      const body = measured(compressed(this.#queue, options.compression))
      await store.put(ref, body, { contentType: options.mediaType, signal: options.signal })
      return { uri: this.uri, sizeBytes, sha256: hash.digest('hex'), mediaType: options.mediaType }
    } finally {
      this.#unlisten()
    }
  }
}

function compressed(
  chunks: AsyncIterable<Uint8Array>,
  compression: Compression | undefined,
): AsyncIterable<Uint8Array> {
  if (compression === undefined) return chunks
  const packer = compression === 'gzip' ? createGzip() : createZstdCompress()
  // A failure of the source destroys the packer with it, and is thrown to whoever iterates.
  return pipeline(chunks, packer, () => {})
}

function onAbort(signal: AbortSignal, action: (reason: unknown) => void): () => void {
  const listener = (): void => action(signal.reason)
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
