import { READY } from './chunk-queue.ts'
import type { ObjectSink } from './object-sink.ts'

/** Characters of JSON gathered before they are handed over. */
const BATCH_CHARACTERS = 64 * 1024

/** Writes the index beside a shard as the items come, so that it never lies in memory whole: a shard may hold millions. */
export class ShardIndexWriter {
  readonly #sink: ObjectSink
  #text = '{"items":['
  #separator = ''

  constructor(sink: ObjectSink) {
    this.#sink = sink
  }

  /** Appends an item, whose content begins at `offset` of the tar; resolves when there is room for more. */
  add(name: string, sizeBytes: number, offset: number): Promise<void> {
    this.#text += `${this.#separator}{"name":${JSON.stringify(name)},"size_bytes":${sizeBytes},"offset":${offset}}`
    this.#separator = ','
    return this.#text.length < BATCH_CHARACTERS ? READY : this.#flush()
  }

  /** Appends what closes the document. */
  end(): Promise<void> {
    this.#text += ']}'
    return this.#flush()
  }

  #flush(): Promise<void> {
    const chunk = Buffer.from(this.#text)
    this.#text = ''
    return this.#sink.write(chunk)
  }
}
