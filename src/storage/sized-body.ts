import { Readable } from 'node:stream'
import { LongshoreError } from '../base/errors.ts'
import { BodyTap, wrongSize } from './body-tap.ts'
import type { ObjectBody } from './object-store.ts'

const WAITING_BYTES = 256 * 1024

/** What a body may be: of exactly this size, or of any up to the most there is room for. */
export interface BodyBounds {
  sizeBytes?: number | undefined
  maxBytes?: number
}

/**
 * A body on its way to a store, counted. Where the size was announced, its last bytes are held back until it is certain
 * that no more follow: a server that has received as many as it expects takes the object as it is.
 */
export class SizedBody extends Readable {
  /** How many bytes came so far. */
  receivedBytes = 0
  /** Why the body broke off, if it did: what the store threw at is then only the consequence. */
  failure: { reason: unknown } | undefined
  readonly #sizeBytes: number | undefined
  readonly #maxBytes: number
  readonly #tap: BodyTap
  #held: Uint8Array | undefined

  constructor(body: ObjectBody, bounds: BodyBounds = {}, signal?: AbortSignal) {
    super({ highWaterMark: WAITING_BYTES })
    this.#sizeBytes = bounds.sizeBytes
    this.#maxBytes = bounds.maxBytes ?? Number.POSITIVE_INFINITY
    const source = body instanceof Uint8Array ? Readable.from([body], { objectMode: false }) : body
    const listener = {
      onChunk: (chunk: Uint8Array) => this.#take(chunk),
      onEnd: () => this.#end(),
      onError: (failure: unknown) => this.#fail(failure),
    }
    this.#tap = new BodyTap(source, listener, signal)
    // Whoever sends the body learns of a failure by reading it, or not at all when it never came so far.
    this.on('error', () => {})
  }

  override _read(): void {
    this.#tap.resume()
  }

  override _destroy(failure: Error | null, done: (failure: Error | null) => void): void {
    this.#tap.detach()
    done(failure)
  }

  #take(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length
    if (this.#sizeBytes !== undefined && this.receivedBytes > this.#sizeBytes) {
      this.#fail(wrongSize(this.#sizeBytes, { bytes: this.receivedBytes, more: true }))
      return
    }
    if (this.receivedBytes > this.#maxBytes) {
      this.#fail(tooLong(this.#maxBytes))
      return
    }
    const earlier = this.#held
    this.#held = chunk
    if (earlier && !this.push(earlier)) this.#tap.pause()
  }

  #end(): void {
    if (this.#sizeBytes !== undefined && this.receivedBytes < this.#sizeBytes) {
      this.#fail(wrongSize(this.#sizeBytes, { bytes: this.receivedBytes, more: false }))
      return
    }
    if (this.#held) this.push(this.#held)
    this.push(null)
  }

  #fail(reason: unknown): void {
    this.failure ??= { reason }
    this.destroy(reason instanceof Error ? reason : new Error('aborted', { cause: reason }))
  }
}

function tooLong(maxBytes: number): LongshoreError {
  const detail =
    `The body is longer than ${maxBytes} bytes, the most the object store takes of a body whose size is not known beforehand. ` +
    'Announce an upload with POST /ingest/start; write an output as several objects.'
  return new LongshoreError('FILE_TOO_LARGE', detail)
}
