/** Already done: what a write answers when its caller need not wait. One for all, so that a write allocates nothing. */
export const READY: Promise<void> = Promise.resolve()

/**
 * Chunks on their way from one producer to one consumer. The producer is asked to wait while more than `capacityBytes`
 * lie here; the consumer iterates.
 */
export class ChunkQueue implements AsyncIterable<Uint8Array> {
  readonly #capacityBytes: number
  readonly #chunks: Uint8Array[] = []
  #queuedBytes = 0
  #ended = false
  #failure: { reason: unknown } | undefined
  #arrival: PromiseWithResolvers<void> | undefined
  #space: PromiseWithResolvers<void> | undefined

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes
  }

  /** Takes a chunk; resolves when there is room for another. Throws the reason once the queue has failed. */
  push(chunk: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure.reason
    this.#chunks.push(chunk)
    this.#queuedBytes += chunk.byteLength
    this.#wakeConsumer()
    if (this.#queuedBytes < this.#capacityBytes) return READY
    this.#space ??= quietly(Promise.withResolvers<void>())
    return this.#space.promise
  }

  /** No more chunks will come. */
  end(): void {
    this.#ended = true
    this.#wakeConsumer()
  }

  /** Drops what lies here and makes both sides throw `reason`; the first reason stays. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
    this.#chunks.length = 0
    this.#space?.reject(this.#failure.reason)
    this.#wakeConsumer()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      if (this.#failure) throw this.#failure.reason
      const chunk = this.#chunks.shift()
      if (chunk) {
        yield chunk
        this.#release(chunk.byteLength)
      } else if (this.#ended) return
      else await this.#nextArrival()
    }
  }

  /** Room is made only when the consumer comes back for more: until then it still holds the chunk. */
  #release(bytes: number): void {
    this.#queuedBytes -= bytes
    if (this.#queuedBytes >= this.#capacityBytes) return
    this.#space?.resolve()
    this.#space = undefined
  }

  #nextArrival(): Promise<void> {
    this.#arrival = Promise.withResolvers<void>()
    return this.#arrival.promise
  }

  #wakeConsumer(): void {
    this.#arrival?.resolve()
    this.#arrival = undefined
  }
}

/** A rejection nobody waits for is no fault: the same reason is thrown by the next push. */
function quietly(deferred: PromiseWithResolvers<void>): PromiseWithResolvers<void> {
  deferred.promise.catch(() => {})
  return deferred
}
