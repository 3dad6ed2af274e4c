import { contentType } from 'mime-types'
import { LongshoreError } from '../base/errors.ts'
import type { AttemptObjects } from './attempt-objects.ts'
import { BlockBuffer, slicesOf } from './block-buffer.ts'
import { quiet } from './closing.ts'
import type { ObjectSink } from './object-sink.ts'
import { checkRelativePath } from './output-name.ts'

/** Chunks beyond this size are copied piece by piece, so that a buffer of 1 GiB does not become two. */
const LARGE_BYTES = 1024 * 1024

/** What a {@link FileWriter} is opened with. */
export interface FileWriterOptions {
  /** Media type of the object; unless given, the one its extension stands for, else `application/octet-stream`. */
  mediaType?: string
}

/** Writes one object of any kind. */
export class FileWriter {
  /** Where the object will lie. */
  readonly uri: string
  readonly #objects: AttemptObjects
  readonly #name: string
  readonly #sink: ObjectSink
  readonly #blocks: BlockBuffer
  /** Once a large chunk came, each waits for the one before it, so that their order is kept. */
  #copying: Promise<void> | undefined
  #failure: { reason: unknown } | undefined
  #closed: Promise<string> | undefined

  constructor(objects: AttemptObjects, name: string, options: FileWriterOptions = {}) {
    checkRelativePath(name, 'output name')
    checkUnreserved(name)
    objects.claim(name)
    this.#objects = objects
    this.#name = name
    this.#sink = objects.open(name, options.mediaType ?? mediaTypeOf(name))
    this.#blocks = new BlockBuffer((block) => this.#sink.write(block))
    this.uri = this.#sink.uri
  }

  /**
   * Appends bytes, or text as UTF-8; resolves when they are copied and there is room for more. Throws whatever made the
   * upload fail.
   */
  write(chunk: Uint8Array | string): Promise<void> {
    if (this.#closed) throw new LongshoreError('UNRECOVERABLE', `The output "${this.#name}" is closed.`)
    this.#objects.throwIfFailed()
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (!this.#copying && bytes.byteLength <= LARGE_BYTES) return this.#blocks.write(bytes)
    this.#copying = quiet(this.#copyAfter(this.#copying, bytes))
    return this.#copying
  }

  /** Appends all that a stream or iterable gives. When it fails half-way, so does `close`: the object would be incomplete. */
  pipe(source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>): Promise<void> {
    const piped = this.#writeAll(source)
    piped.catch((reason: unknown) => {
      this.#failure ??= { reason }
    })
    return piped
  }

  /** Resolves with the object's URI once it is durable; calling it again answers the same. */
  close(): Promise<string> {
    this.#closed ??= quiet(this.#finish())
    return this.#closed
  }

  async #copyAfter(earlier: Promise<void> | undefined, bytes: Uint8Array): Promise<void> {
    await earlier
    for (const slice of slicesOf(bytes)) await this.#blocks.write(slice)
  }

  async #writeAll(source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>): Promise<void> {
    for await (const chunk of source) await this.write(chunk)
  }

  async #finish(): Promise<string> {
    if (this.#failure) throw this.#failure.reason
    this.#objects.throwIfFailed()
    await this.#copying
    void this.#blocks.flush()
    await this.#objects.close(this.#name)
    return this.uri
  }
}

/** Names that other writers and other attempts of the job need for themselves. */
function checkUnreserved(name: string): void {
  if (name === 'results.json' || /^attempt-\d+(\/|$)/.test(name)) {
    throw new LongshoreError(
      'INVALID_FILENAME',
      `The output name "${name}" cannot be used: results.json and attempt-<n>/ belong to the service.`,
    )
  }
}

function mediaTypeOf(name: string): string {
  return contentType(name.slice(name.lastIndexOf('/') + 1)) || 'application/octet-stream'
}
