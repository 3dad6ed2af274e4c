import { UploadError } from '../errors.ts'
import { type PartSpan, partsOf } from './part-plan.ts'
import { readable, type Supply } from './source.ts'

/** A part and its bytes. */
export interface CutPart {
  readonly span: PartSpan
  readonly bytes: Uint8Array
}

/**
 * Cuts a stream into parts, read only when they are asked for. The last one comes only when the stream has ended where it
 * should, so that a file of another size is never complete. Throws `SOURCE_CHANGED` when it does not.
 */
export async function* cutStream(
  supply: Supply,
  partSizeBytes: number,
  signal: AbortSignal,
): AsyncGenerator<CutPart, void> {
  const reader = supply.open().getReader()
  // A stream that stands still must not hold an upload that is over.
  const stop = (): void => void reader.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', stop)
  try {
    const filler = new Filler(supply.name, reader)
    for (const span of partsOf(supply.sizeBytes, partSizeBytes)) {
      const bytes = await filler.take(span.end - span.start)
      signal.throwIfAborted()
      if (span.start + bytes.length < span.end) throw wrongSize(supply, `ended after ${span.start + bytes.length}`)
      if (span.end === supply.sizeBytes && !(await filler.isAtEnd())) throw wrongSize(supply, 'has more')
      yield { span, bytes }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

/** Fills pieces of a wanted size from chunks of any. */
class Filler {
  readonly #name: string
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(name: string, reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#name = name
    this.#reader = reader
  }

  /** So many bytes, fewer only at the end of the stream. */
  async take(sizeBytes: number): Promise<Uint8Array> {
    const piece = new Uint8Array(sizeBytes)
    let filled = 0
    while (filled < sizeBytes && (await this.#hasMore())) {
      const chunk = this.#rest.subarray(0, sizeBytes - filled)
      piece.set(chunk, filled)
      filled += chunk.length
      this.#rest = this.#rest.subarray(chunk.length)
    }
    return piece.subarray(0, filled)
  }

  async isAtEnd(): Promise<boolean> {
    return !(await this.#hasMore())
  }

  async #hasMore(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await readable(this.#name, () => this.#reader.read())
      if (done) return false
      if (!(value instanceof Uint8Array)) throw notBytes(this.#name, value)
      this.#rest = value
    }
    return true
  }
}

function wrongSize({ name, sizeBytes }: Supply, what: string): UploadError {
  const message = `The stream of ${JSON.stringify(name)} was to give ${sizeBytes} bytes but ${what}`
  return new UploadError({ code: 'SOURCE_CHANGED', message, filename: name })
}

/** Streams of text, or of objects, are taken for streams of bytes easily. */
function notBytes(name: string, chunk: unknown): UploadError {
  const message = `${JSON.stringify(name)} cannot be read: expected its stream to give Uint8Array chunks, got ${typeof chunk}`
  return new UploadError({ code: 'SOURCE_UNREADABLE', message, filename: name })
}
