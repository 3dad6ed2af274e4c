import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { LongshoreError, messageOf, systemCodeOf } from '../base/errors.ts'

/** Chunks are gathered to this size for one write, and one write runs while the next is gathered. */
const WRITE_BYTES = 512 * 1024

/** A file being fetched: appended to by one body after the other, hashed on the way when asked to. */
export class LocalFile implements AsyncDisposable {
  readonly #path: string
  readonly #hashing: boolean
  #handle: FileHandle | undefined
  #hash: Hash | undefined
  #chunks: Uint8Array[] = []
  #chunkBytes = 0
  #receivedBytes = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string, options: { sha256: boolean }) {
    this.#path = path
    this.#hashing = options.sha256
    if (this.#hashing) this.#hash = createHash('sha256')
  }

  /** Bytes received so far: where the next body has to go on. */
  get sizeBytes(): number {
    return this.#receivedBytes
  }

  /** Appends a body. When it breaks off, what came is kept. Throws `STORAGE_FULL` or `INTERNAL` when the disk fails. */
  async append(body: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): Promise<void> {
    try {
      for await (const chunk of body) {
        this.#take(chunk)
        onBytes(chunk.byteLength)
        if (this.#chunkBytes >= WRITE_BYTES) await this.#write()
      }
    } finally {
      await this.#write()
      await this.#writing
    }
  }

  /** Forgets all bytes received. */
  async startOver(): Promise<void> {
    this.#receivedBytes = 0
    if (this.#hashing) this.#hash = createHash('sha256')
    await onDisk(async () => this.#handle?.truncate(0))
  }

  /** The digest of all bytes received, when it was asked for. */
  sha256(): string | null {
    return this.#hash?.digest('hex') ?? null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close()
  }

  #take(chunk: Uint8Array): void {
    this.#hash?.update(chunk)
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.byteLength
    this.#receivedBytes += chunk.byteLength
  }

  /** Starts writing what was gathered, once the write before it is done. */
  async #write(): Promise<void> {
    const chunks = this.#chunks
    const position = this.#receivedBytes - this.#chunkBytes
    this.#chunks = []
    this.#chunkBytes = 0
    await this.#writing
    this.#writing = onDisk(() => this.#writeAt(chunks, position))
    this.#writing.catch(() => {})
  }

  async #writeAt(chunks: Uint8Array[], position: number): Promise<void> {
    this.#handle ??= await open(this.#path, 'w')
    if (chunks.length === 0) return
    const { bytesWritten } = await this.#handle.writev(chunks, position)
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    // A write may fall short, e.g. on a disk that fills up; then it goes on until the system says why.
    if (bytesWritten < bytes) await writeRest(this.#handle, Buffer.concat(chunks), bytesWritten, position)
  }
}

async function writeRest(handle: FileHandle, bytes: Uint8Array, from: number, position: number): Promise<void> {
  for (let done = from; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done)
    done += bytesWritten
  }
}

/** Tells a failure of this machine's disk from one of the store, which alone is worth another try. */
export async function onDisk<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    const code = systemCodeOf(cause)
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new LongshoreError('STORAGE_FULL', `The disk of the work folder is full (${code}).`, { cause })
    }
    throw new LongshoreError('INTERNAL', `The work folder cannot be written: ${messageOf(cause)}.`, { cause })
  }
}
