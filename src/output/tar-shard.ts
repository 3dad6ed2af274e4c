import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { type Pack, pack } from 'tar-stream'
import type { z } from 'zod'
import { LongshoreError } from '../base/errors.ts'
import type { Shard } from '../contract/output.ts'
import type { AttemptObjects } from './attempt-objects.ts'
import { BlockBuffer, slicesOf } from './block-buffer.ts'
import { READY } from './chunk-queue.ts'
import { ShardIndexWriter } from './shard-index.ts'

/** The content of an item: bytes, a file on this machine, or a stream of known length. */
export type ItemData =
  | Uint8Array
  | { path: string }
  | { stream: AsyncIterable<Uint8Array> /** Exactly this many bytes come. */; sizeBytes: number }

/** Content up to this size is added in one go, which costs a quarter of a stream; more goes piece by piece. */
const WHOLE_BYTES = 256 * 1024

/** The same for every item, so that the same items give the same bytes. */
const MODIFIED_AT = new Date(0)

/** One tar and its index, being written. */
export class TarShard {
  readonly #objects: AttemptObjects
  readonly #name: string
  readonly #tar: Pack = pack()
  readonly #blocks: BlockBuffer
  readonly #index: ShardIndexWriter
  #sizeBytes = 0
  #items = 0
  #ready: Promise<void> = READY

  constructor(objects: AttemptObjects, name: string) {
    objects.claim(`${name}.tar`)
    objects.claim(`${name}.json`)
    this.#objects = objects
    this.#name = name
    const sink = objects.open(`${name}.tar`, 'application/x-tar')
    this.#index = new ShardIndexWriter(objects.open(`${name}.json`, 'application/json'))
    this.#blocks = new BlockBuffer((block) => sink.write(block))
    this.#tar.on('data', (chunk) => this.#take(chunk as Uint8Array))
  }

  /** Bytes of the tar so far. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Appends an item; resolves when it is copied and there is room for more. A failure leaves the shard unusable. */
  async add(member: string, data: ItemData): Promise<void> {
    const sizeBytes = await this.#addContent(member, data)
    // By now all of the item has left but, perhaps, the zeros that fill its last record.
    const offset = wholeRecords(this.#sizeBytes) - wholeRecords(sizeBytes)
    this.#items += 1
    this.#note(this.#index.add(member, sizeBytes, offset))
    if (this.#ready !== READY) await this.#room()
  }

  /** Resolves once tar and index are durable. */
  async close(): Promise<z.infer<typeof Shard>> {
    this.#tar.finalize()
    await once(this.#tar, 'end')
    void this.#blocks.flush()
    void this.#index.end()
    const [tar, index] = await Promise.all([
      this.#objects.close(`${this.#name}.tar`),
      this.#objects.close(`${this.#name}.json`),
    ])
    return {
      name: this.#name,
      uri: tar.uri,
      index_uri: index.uri,
      metadata: { items: this.#items, bytes: tar.sizeBytes },
    }
  }

  #addContent(member: string, data: ItemData): Promise<number> {
    if (!(data instanceof Uint8Array)) {
      return 'path' in data ? this.#addFile(member, data.path) : this.#addStream(member, data.sizeBytes, data.stream)
    }
    return data.byteLength <= WHOLE_BYTES
      ? this.#addBytes(member, data)
      : this.#addStream(member, data.byteLength, slicesOf(data))
  }

  async #addFile(member: string, path: string): Promise<number> {
    const { size } = await stat(path)
    if (size > WHOLE_BYTES) return this.#addStream(member, size, createReadStream(path))
    return this.#addBytes(member, await readFile(path))
  }

  #addBytes(name: string, bytes: Uint8Array): Promise<number> {
    const size = bytes.byteLength
    return new Promise((resolve, reject) => {
      this.#tar.entry({ name, size, mtime: MODIFIED_AT }, bytes, (failure) =>
        failure ? reject(failure) : resolve(size),
      )
    })
  }

  async #addStream(
    name: string,
    size: number,
    stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<number> {
    const added = Promise.withResolvers<void>()
    const entry = this.#tar.entry({ name, size, mtime: MODIFIED_AT }, (failure) =>
      failure ? added.reject(failure) : added.resolve(),
    )
    let given = 0
    for await (const chunk of stream) {
      given += chunk.byteLength
      if (given > size) break
      if (!entry.write(chunk)) await once(entry, 'drain')
      if (this.#ready !== READY) await this.#room()
    }
    if (given !== size) throw wrongLength(name, size, given)
    entry.end(null)
    await added.promise
    return size
  }

  #take(chunk: Uint8Array): void {
    this.#sizeBytes += chunk.byteLength
    this.#note(this.#blocks.write(chunk))
  }

  /** Remembers a write that has to be waited for until somebody does. */
  #note(ready: Promise<void>): void {
    if (ready !== READY) this.#ready = ready
  }

  #room(): Promise<void> {
    const ready = this.#ready
    this.#ready = READY
    return ready
  }
}

/** A tar consists of records of 512 bytes. */
function wholeRecords(bytes: number): number {
  return Math.ceil(bytes / 512) * 512
}

function wrongLength(member: string, expected: number, given: number): LongshoreError {
  const got = given > expected ? 'more' : String(given)
  return new LongshoreError('UNRECOVERABLE', `Item "${member}" was announced with ${expected} bytes, but ${got} came.`)
}
