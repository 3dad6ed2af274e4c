import { finished, Readable } from 'node:stream'
import { LongshoreError } from '../base/errors.ts'
import type { ObjectBody } from './object-store.ts'

/** Who hears of a body's bytes. After `onEnd` or `onError` nothing more is heard. */
export interface BodyListener {
  onChunk(chunk: Uint8Array): void
  onEnd(): void
  onError(failure: unknown): void
}

/**
 * Hands on a stream's bytes as they come, without a promise per chunk. It never destroys a stream that was given to it:
 * that of a refused upload still has to carry the answer.
 */
export class BodyTap {
  readonly #source: Readable
  readonly #owned: boolean
  readonly #listener: BodyListener
  readonly #signal: AbortSignal | undefined
  readonly #forget: () => void
  #done = false

  constructor(body: Exclude<ObjectBody, Uint8Array>, listener: BodyListener, signal?: AbortSignal) {
    this.#owned = !(body instanceof Readable)
    this.#source = body instanceof Readable ? body : Readable.from(body, { objectMode: false })
    this.#listener = listener
    this.#signal = signal
    this.#forget = finished(this.#source, { writable: false }, this.#onFinished)
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#source.on('data', this.#onData)
    if (signal?.aborted) queueMicrotask(this.#onAbort)
  }

  pause(): void {
    this.#source.pause()
  }

  resume(): void {
    if (!this.#done) this.#source.resume()
  }

  /** Hears nothing more and leaves the stream standing where it is. Harmless when repeated. */
  detach(): void {
    if (this.#done) return
    this.#done = true
    this.#source.pause()
    this.#source.off('data', this.#onData)
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#forget()
    // Nobody may be listening any more when the source breaks later on; that must not end the process.
    this.#source.on('error', () => {})
    if (this.#owned) this.#source.destroy()
  }

  readonly #onData = (chunk: Uint8Array | string): void => {
    this.#listener.onChunk(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }

  readonly #onFinished = (failure: Error | null | undefined): void => {
    if (this.#done) return
    this.detach()
    if (failure) this.#listener.onError(failure)
    else this.#listener.onEnd()
  }

  readonly #onAbort = (): void => {
    if (this.#done) return
    this.detach()
    this.#listener.onError(this.#signal?.reason)
  }
}

/** Keeps a stream that breaks before it is read from ending the process; whoever reads it still learns of it. */
export function expectBody(body: ObjectBody): void {
  if (body instanceof Readable) body.on('error', () => {})
}

/** What a body of another size than announced is refused with. */
export function wrongSize(sizeBytes: number, got: { bytes: number; more: boolean }): LongshoreError {
  const found = got.more ? 'more' : String(got.bytes)
  return new LongshoreError('PART_SIZE_MISMATCH', `Expected a body of ${sizeBytes} bytes, got ${found}.`)
}
