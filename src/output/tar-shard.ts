import type { z } from 'zod'
import { LongshoreError } from '../base/errors.ts'
import type { Shard } from '../contract/output.ts'
import type { AttemptObjects } from './attempt-objects.ts'
import { BlockBuffer } from './block-buffer.ts'
import { READY } from './chunk-queue.ts'
import { type ItemData, isSmall, openItem } from './item-data.ts'
import { ShardIndexWriter } from './shard-index.ts'
import type { TarHeaders } from './tar-header.ts'

/** A tar consists of records of this size and ends with two of zeros. */
const RECORD_BYTES = 512
const ZEROS = Buffer.alloc(2 * RECORD_BYTES)

/** One tar and its index, being written. */
export class TarShard {
  readonly #objects: AttemptObjects
  readonly #name: string
  readonly #headers: TarHeaders
  readonly #blocks: BlockBuffer
  readonly #index: ShardIndexWriter
  #sizeBytes = 0
  #items = 0
  #ready: Promise<void> = READY

  constructor(objects: AttemptObjects, name: string, headers: TarHeaders) {
    objects.claim(`${name}.tar`)
    objects.claim(`${name}.json`)
    this.#objects = objects
    this.#name = name
    this.#headers = headers
    const sink = objects.open(`${name}.tar`, 'application/x-tar')
    this.#index = new ShardIndexWriter(objects.open(`${name}.json`, 'application/json'))
    this.#blocks = new BlockBuffer((block) => sink.write(block))
  }

  /** Bytes of the tar so far. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Appends an item without waiting for anything, if that can be; answers whether it could. */
  addNow(member: string, data: ItemData): boolean {
    if (!isSmall(data)) return false
    const header = this.#headers.fill(member, data.byteLength)
    if (!header) return false
    this.#put(header)
    const offset = this.#sizeBytes
    this.#put(data)
    this.#endItem(member, offset)
    return true
  }

  /** Appends an item of any kind; resolves when it is copied. A failure leaves the shard unusable. */
  async add(member: string, data: ItemData): Promise<void> {
    const { sizeBytes, chunks } = await openItem(data)
    this.#put(this.#headers.fill(member, sizeBytes) ?? (await this.#headers.make(member, sizeBytes)))
    const offset = this.#sizeBytes
    for await (const chunk of chunks) {
      const given = this.#sizeBytes - offset + chunk.byteLength
      if (given > sizeBytes) throw wrongLength(member, sizeBytes, 'more')
      this.#put(chunk)
      await this.room()
    }
    const given = this.#sizeBytes - offset
    if (given < sizeBytes) throw wrongLength(member, sizeBytes, String(given))
    this.#endItem(member, offset)
  }

  /** Resolves when there is room for another item. */
  room(): Promise<void> {
    const ready = this.#ready
    this.#ready = READY
    return ready
  }

  /** Resolves once tar and index are durable. */
  async close(): Promise<z.infer<typeof Shard>> {
    this.#put(ZEROS)
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

  #put(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.byteLength
    this.#note(this.#blocks.write(bytes))
  }

  /** Fills the last record of the content that began at `offset`, and lists the item. */
  #endItem(member: string, offset: number): void {
    const sizeBytes = this.#sizeBytes - offset
    const over = sizeBytes % RECORD_BYTES
    if (over > 0) this.#put(ZEROS.subarray(0, RECORD_BYTES - over))
    this.#items += 1
    this.#note(this.#index.add(member, sizeBytes, offset))
  }

  /** Remembers a write that has to be waited for until somebody does. */
  #note(ready: Promise<void>): void {
    if (ready !== READY) this.#ready = ready
  }
}

function wrongLength(member: string, expected: number, got: string): LongshoreError {
  return new LongshoreError('UNRECOVERABLE', `Item "${member}" was announced with ${expected} bytes, but ${got} came.`)
}
