import { LongshoreError } from '../base/errors.ts'
import type { OutputObject } from '../job/job.ts'
import { formatObjectUri, type ObjectRef } from '../storage/object-uri.ts'
import { type Compression, ObjectSink, type OutputStore } from './object-sink.ts'

/** Where an attempt's objects go. */
export interface AttemptTarget {
  store: OutputStore
  bucket: string
  /** Begins every key of the attempt and ends with a slash. */
  prefix: string
  signal: AbortSignal
}

/** Every object of one attempt: gives each name away once, and knows what was written and what is under way. */
export class AttemptObjects {
  readonly baseUri: string
  readonly #target: AttemptTarget
  readonly #stopping = new AbortController()
  readonly #signal: AbortSignal
  readonly #names = new Set<string>()
  readonly #sinks = new Map<string, ObjectSink>()
  readonly #written = new Map<string, OutputObject>()
  #failure: { reason: unknown } | undefined

  constructor(target: AttemptTarget) {
    this.#target = target
    this.#signal = AbortSignal.any([target.signal, this.#stopping.signal])
    this.baseUri = formatObjectUri({ bucket: target.bucket, key: target.prefix })
    if (this.#signal.aborted) this.fail(this.#signal.reason)
    else this.#signal.addEventListener('abort', () => this.fail(this.#signal.reason), { once: true })
  }

  /** From now on every write of the attempt throws `reason`; the first reason stays. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
  }

  /** Throws why nothing can be written any more: an aborted signal, a failed upload. Every write asks, so it is cheap. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.reason
  }

  /** Reserves a name; throws `UNRECOVERABLE` when it is taken. */
  claim(name: string): void {
    if (this.#names.has(name)) {
      throw new LongshoreError(
        'UNRECOVERABLE',
        `There is already an output named "${name}" in this job. Give each writer a name of its own.`,
      )
    }
    this.#names.add(name)
  }

  /** Opens an object for writing. */
  open(name: string, mediaType: string, compression?: Compression): ObjectSink {
    this.throwIfFailed()
    const sink = new ObjectSink(this.#target.store, this.#ref(name), {
      mediaType,
      signal: this.#signal,
      ...(compression && { compression }),
    })
    sink.upload.catch((reason: unknown) => this.fail(reason))
    this.#sinks.set(name, sink)
    return sink
  }

  /** Waits until the object is durable and records it. */
  async close(name: string): Promise<OutputObject> {
    const sink = this.#sinks.get(name)
    if (!sink) throw new LongshoreError('INTERNAL', `There is no open output named "${name}".`)
    const written = await sink.close()
    this.#written.set(name, written)
    return written
  }

  /** All objects that are durable, in the order they were opened. */
  written(): OutputObject[] {
    return [...this.#sinks.keys()].flatMap((name) => this.#written.get(name) ?? [])
  }

  /** Drops what is under way and removes what was written, including what the store finished just before. */
  async discard(): Promise<void> {
    const reason = new LongshoreError('CANCELLED', 'The outputs of this attempt were discarded.')
    this.#stopping.abort(reason)
    const opened = [...this.#sinks]
    await Promise.all(opened.map(([, sink]) => sink.abort(reason)))
    this.#written.clear()
    if (opened.length > 0) await this.#target.store.delete(opened.map(([name]) => this.#ref(name)))
  }

  #ref(name: string): ObjectRef {
    return { bucket: this.#target.bucket, key: this.#target.prefix + name }
  }
}
