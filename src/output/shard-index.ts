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

  /** Appends an item; `offset` is where its content begins in the tar. */
  add(name: string, sizeBytes: number, offset: number): Promise<void> | undefined {
    this.#text += `${this.#separator}{"name":${JSON.stringify(name)},"size_bytes":${sizeBytes},"offset":${offset}}`
    this.#separator = ','
    return this.#text.length < BATCH_CHARACTERS ? undefined : this.#flush()
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
