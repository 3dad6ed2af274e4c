import { Readable } from 'node:stream'
import { MemoryStore } from './memory-store.ts'

/** A store whose bodies break off: after how many bytes, `nextBreak` says; undefined lets the body through. */
export class BreakingStore extends MemoryStore {
  breaks = 0
  readonly #nextBreak: (sizeBytes: number) => number | undefined
  readonly #silent: boolean

  /** @param silent a broken body just ends, as one cut off by a proxy, instead of failing */
  constructor(nextBreak: (sizeBytes: number) => number | undefined, silent = false) {
    super()
    this.#nextBreak = nextBreak
    this.#silent = silent
  }

  protected override stream(bytes: Buffer): Readable {
    const until = this.#nextBreak(bytes.byteLength)
    if (until === undefined) return super.stream(bytes)
    this.breaks += 1
    return Readable.from(this.#broken(bytes.subarray(0, until)), { objectMode: false, highWaterMark: 1 })
  }

  async *#broken(bytes: Buffer): AsyncGenerator<Buffer> {
    for (let from = 0; from < bytes.byteLength; from += 1000) yield bytes.subarray(from, from + 1000)
    if (!this.#silent) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  }
}
