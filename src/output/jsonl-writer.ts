import type { z } from 'zod'
import { LongshoreError, type LongshoreErrorOptions, messageOf } from '../base/errors.ts'
import { describeFaults, faultsOf } from '../base/faults.ts'
import type { TabularOutput } from '../contract/output.ts'
import type { AttemptObjects } from './attempt-objects.ts'
import { READY } from './chunk-queue.ts'
import { Closing, quiet } from './closing.ts'
import type { Compression, ObjectSink } from './object-sink.ts'
import { checkWriterName, numberedName } from './output-name.ts'

/** What a {@link JsonlWriter} is opened with. */
export interface JsonlWriterOptions<Row = unknown> {
  /** Begins the names of its objects and names it in the results index; `responses` unless given. One writer per name. */
  name?: string
  /** Every record is checked by it, and what it makes of the record is written. Without it, any JSON. */
  schema?: z.ZodType<unknown, Row>
  /** Becomes `metadata.response_model`, so that a reader knows what the records are. */
  responseModel?: string
  /** Packs the objects: `responses_00000.jsonl.gz` with `gzip`, `responses_00000.jsonl.zst` with `zstd`. */
  compression?: Compression
}

/** What a JSONL writer says of what it wrote. */
export type JsonlOutput = z.infer<typeof TabularOutput>

/** Characters of JSON gathered before they are encoded and handed over in one piece. */
const BATCH_CHARACTERS = 256 * 1024

const FORMS = {
  none: { suffix: '.jsonl', mediaType: 'application/x-ndjson' },
  gzip: { suffix: '.jsonl.gz', mediaType: 'application/gzip' },
  zstd: { suffix: '.jsonl.zst', mediaType: 'application/zstd' },
} as const

/**
 * Writes records as JSON Lines, one object after the other: an object is full with the record that brings it to
 * `chunkSizeBytes`, counted before compression.
 */
export class JsonlWriter<Row = unknown> {
  readonly #objects: AttemptObjects
  readonly #options: JsonlWriterOptions<Row>
  readonly #name: string
  readonly #chunkSizeBytes: number
  readonly #batchCharacters: number
  readonly #closing = new Closing()
  readonly #uris: string[] = []
  #rows: string[] = []
  #characters = 0
  #records = 0
  #current: { name: string; sink: ObjectSink; sizeBytes: number } | undefined
  #failure: { reason: unknown } | undefined
  #closed: Promise<JsonlOutput> | undefined

  constructor(objects: AttemptObjects, chunkSizeBytes: number, options: JsonlWriterOptions<Row> = {}) {
    this.#name = options.name ?? 'responses'
    checkWriterName(this.#name)
    objects.claim(`${this.#name}_*.jsonl`)
    this.#objects = objects
    this.#options = options
    this.#chunkSizeBytes = chunkSizeBytes
    this.#batchCharacters = Math.min(BATCH_CHARACTERS, chunkSizeBytes)
  }

  /**
   * Appends a record; resolves when there is room for more. Throws `RESULT_INVALID` with the path of the fault when the
   * record does not match the schema or is not JSON (the record is left out, the writer goes on), and whatever made an
   * earlier upload fail.
   */
  write(record: Row): Promise<void> {
    if (this.#closed) throw new LongshoreError('UNRECOVERABLE', `The writer "${this.#name}" is closed.`)
    this.#objects.throwIfFailed()
    const row = this.#encode(record)
    this.#rows.push(row)
    this.#records += 1
    this.#characters += row.length + 1
    return this.#characters < this.#batchCharacters ? READY : this.#flush()
  }

  /** Writes all records of an iterable. When it fails half-way, so does `close`: records would be missing. */
  writeAll(records: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    const written = Symbol.asyncIterator in records ? this.#writeArriving(records) : this.#writeEach(records)
    written.catch((reason: unknown) => {
      this.#failure ??= { reason }
    })
    return written
  }

  /** Resolves with the description once every object is durable; calling it again answers the same. */
  close(): Promise<JsonlOutput> {
    this.#closed ??= quiet(this.#finish())
    return this.#closed
  }

  async #writeArriving(records: AsyncIterable<Row>): Promise<void> {
    for await (const record of records) await this.write(record)
  }

  async #writeEach(records: Iterable<Row>): Promise<void> {
    for (const record of records) {
      const ready = this.write(record)
      if (ready !== READY) await ready
    }
  }

  async #finish(): Promise<JsonlOutput> {
    if (this.#failure) throw this.#failure.reason
    this.#objects.throwIfFailed()
    void this.#flush()
    this.#closeCurrent()
    await this.#closing.done()
    return this.#describe()
  }

  #encode(record: Row): string {
    const value = this.#options.schema ? this.#check(record, this.#options.schema) : record
    const row = this.#stringify(value)
    // What JSON.stringify answers for undefined and functions, though its type does not say so.
    if (row === undefined) throw this.#invalid(`expected JSON, got ${typeof record}`)
    return row
  }

  #stringify(value: unknown): string | undefined {
    try {
      return JSON.stringify(value)
    } catch (cause) {
      throw this.#invalid(messageOf(cause), { cause })
    }
  }

  #check(record: Row, schema: z.ZodType<unknown, Row>): unknown {
    const parsed = schema.safeParse(record)
    if (parsed.success) return parsed.data
    const faults = faultsOf(parsed.error)
    throw this.#invalid(describeFaults(faults), { errors: faults })
  }

  #invalid(why: string, options: LongshoreErrorOptions = {}): LongshoreError {
    const text = `Record ${this.#records} of "${this.#name}" cannot be written: ${why}.`
    return new LongshoreError('RESULT_INVALID', text, options)
  }

  /** Hands over the gathered rows, object by object. */
  #flush(): Promise<void> {
    let rows = this.#rows
    this.#rows = []
    this.#characters = 0
    let ready = READY
    while (rows.length > 0) {
      const current = this.#openCurrent()
      const whole = encodeLines(rows)
      const left = this.#chunkSizeBytes - current.sizeBytes
      const fitting = whole.byteLength < left ? rows.length : rowsUntil(rows, left)
      const chunk = fitting === rows.length ? whole : encodeLines(rows.slice(0, fitting))
      current.sizeBytes += chunk.byteLength
      const room = current.sink.write(chunk)
      if (room !== READY) ready = room
      if (current.sizeBytes >= this.#chunkSizeBytes) ready = this.#closeCurrent()
      rows = rows.slice(fitting)
    }
    return ready
  }

  #openCurrent(): { name: string; sink: ObjectSink; sizeBytes: number } {
    if (!this.#current) {
      const { suffix, mediaType } = FORMS[this.#options.compression ?? 'none']
      const name = numberedName(this.#name, this.#uris.length, suffix)
      this.#objects.claim(name)
      const sink = this.#objects.open(name, mediaType, this.#options.compression)
      this.#uris.push(sink.uri)
      this.#current = { name, sink, sizeBytes: 0 }
    }
    return this.#current
  }

  #closeCurrent(): Promise<void> {
    if (!this.#current) return READY
    const { name } = this.#current
    this.#current = undefined
    return this.#closing.add(this.#objects.close(name))
  }

  #describe(): JsonlOutput {
    const { responseModel } = this.#options
    return {
      name: this.#name,
      type: 'tabular',
      format: 'jsonl',
      uris: [...this.#uris],
      shards: [],
      metadata: {
        records_emitted: this.#records,
        file_count: this.#uris.length,
        ...(responseModel !== undefined && { response_model: responseModel }),
      },
    }
  }
}

/** The end of the last line comes from the join too: appended to its result, it would cost a copy of the whole. */
function encodeLines(rows: readonly string[]): Buffer {
  return Buffer.from([...rows, ''].join('\n'))
}

/** How many rows it takes to reach `sizeBytes`; at least one. */
function rowsUntil(rows: readonly string[], sizeBytes: number): number {
  let reached = 0
  const last = rows.findIndex((row) => {
    reached += Buffer.byteLength(row) + 1
    return reached >= sizeBytes
  })
  return last === -1 ? rows.length : last + 1
}
