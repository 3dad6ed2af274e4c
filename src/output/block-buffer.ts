import { READY } from './chunk-queue.ts'

/** Large enough that hashing and handing over cost next to nothing per byte, small enough to stay in the cache. */
const BLOCK_BYTES = 256 * 1024

/** Copies chunks of any size into blocks of one size: what comes in may be changed as soon as the call is back. */
export class BlockBuffer {
  readonly #flush: (block: Uint8Array) => Promise<void>
  #block: Buffer | undefined
  #used = 0

  constructor(flush: (block: Uint8Array) => Promise<void>) {
    this.#flush = flush
  }

  /** Takes a chunk, however large at once, see {@link slicesOf}; resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void> {
    let ready = READY
    for (let from = 0; from < chunk.byteLength; ) {
      const block = this.#roomyBlock()
      const taken = chunk.subarray(from, from + block.byteLength - this.#used)
      block.set(taken, this.#used)
      this.#used += taken.byteLength
      from += taken.byteLength
      if (this.#used === block.byteLength) ready = this.flush()
    }
    return ready
  }

  /** Hands over what is here, however little. */
  flush(): Promise<void> {
    if (!this.#block || this.#used === 0) return READY
    const full = this.#block.subarray(0, this.#used)
    this.#block = undefined
    this.#used = 0
    return this.#flush(full)
  }

  #roomyBlock(): Buffer {
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES)
    return this.#block
  }
}

/** Cuts what is too large to be copied at once into pieces that can be waited between. */
export function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.byteLength; from += BLOCK_BYTES) yield bytes.subarray(from, from + BLOCK_BYTES)
}
