import type { z } from 'zod'
import { LongshoreError } from '../base/errors.ts'
import type { BinaryOutput, Shard } from '../contract/output.ts'
import type { AttemptObjects } from './attempt-objects.ts'
import { READY } from './chunk-queue.ts'
import { Closing, quiet } from './closing.ts'
import type { ItemData } from './item-data.ts'
import { checkRelativePath, checkWriterName, numberedName } from './output-name.ts'
import { TarHeaders } from './tar-header.ts'
import { TarShard } from './tar-shard.ts'

/** What a {@link WebDatasetWriter} is opened with. */
export interface WebDatasetWriterOptions {
  /** Begins the names of its objects and names it in the results index; `artifacts` unless given. One writer per name. */
  name?: string
}

/** What a WebDataset writer says of what it wrote. */
export type WebDatasetOutput = z.infer<typeof BinaryOutput>

/**
 * Packs items into tar shards that WebDataset readers take as they are, each with a JSON index beside it. A shard is full
 * with the item that brings it to `shardSizeBytes`. The same items in the same order give the same bytes.
 */
export class WebDatasetWriter {
  readonly #objects: AttemptObjects
  readonly #name: string
  readonly #shardSizeBytes: number
  readonly #closing = new Closing()
  readonly #shards: Promise<z.infer<typeof Shard>>[] = []
  readonly #headers = new TarHeaders()
  #current: TarShard | undefined
  /** Items are appended one after the other, however many callers add at once. */
  #turn: Promise<void> = READY
  #waiting = 0
  #failure: { reason: unknown } | undefined
  #closed: Promise<WebDatasetOutput | null> | undefined

  constructor(objects: AttemptObjects, shardSizeBytes: number, options: WebDatasetWriterOptions = {}) {
    this.#name = options.name ?? 'artifacts'
    checkWriterName(this.#name)
    objects.claim(`${this.#name}_*.tar`)
    this.#objects = objects
    this.#shardSizeBytes = shardSizeBytes
  }

  /**
   * Appends an item as `<inputId>/<recordId><extension>`; resolves when it is copied and there is room for more. Readers
   * take all members with one `<inputId>/<recordId>` as one sample, so names should not repeat; that is not checked.
   *
   * @param data bytes; `{ path }` of a file; or `{ stream, sizeBytes }`, which has to give exactly that many
   * @param extension with its dot, e.g. `.png`
   * @throws `INVALID_FILENAME` at once when the name cannot be used; whatever else fails, fails the writer for good
   */
  add(inputId: string, recordId: string, data: ItemData, extension: string): Promise<void> {
    if (this.#closed) throw new LongshoreError('UNRECOVERABLE', `The writer "${this.#name}" is closed.`)
    this.#throwIfFailed()
    const member = `${inputId}/${recordId}${extension}`
    checkRelativePath(member, 'item name')
    if (this.#waiting === 0) {
      const shard = this.#openCurrent()
      if (shard.addNow(member, data)) return this.#rollWhenFull(shard)
    }
    this.#turn = quiet(this.#addAfter(this.#turn, member, data))
    return this.#turn
  }

  /** Resolves with the description once every shard is durable, null when nothing was added; again answers the same. */
  close(): Promise<WebDatasetOutput | null> {
    this.#closed ??= quiet(this.#finish())
    return this.#closed
  }

  async #addAfter(earlier: Promise<void>, member: string, data: ItemData): Promise<void> {
    this.#waiting += 1
    try {
      await earlier
      this.#throwIfFailed()
      const shard = this.#openCurrent()
      if (!shard.addNow(member, data)) await shard.add(member, data)
      await this.#rollWhenFull(shard)
    } catch (reason) {
      this.#failure ??= { reason }
      throw reason
    } finally {
      this.#waiting -= 1
    }
  }

  #rollWhenFull(shard: TarShard): Promise<void> {
    return shard.sizeBytes >= this.#shardSizeBytes ? this.#closeCurrent() : shard.room()
  }

  async #finish(): Promise<WebDatasetOutput | null> {
    await this.#turn
    this.#throwIfFailed()
    void this.#closeCurrent()
    await this.#closing.done()
    return this.#describe(await Promise.all(this.#shards))
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure.reason
    this.#objects.throwIfFailed()
  }

  #openCurrent(): TarShard {
    this.#current ??= new TarShard(this.#objects, numberedName(this.#name, this.#shards.length, ''), this.#headers)
    return this.#current
  }

  #closeCurrent(): Promise<void> {
    if (!this.#current) return READY
    const shard = quiet(this.#current.close())
    this.#current = undefined
    this.#shards.push(shard)
    return this.#closing.add(shard)
  }

  #describe(shards: z.infer<typeof Shard>[]): WebDatasetOutput | null {
    if (shards.length === 0) return null
    return { name: this.#name, type: 'binary', format: 'webdataset', uris: [], shards, metadata: {} }
  }
}
