import { type CutPart, cutStream } from './cut-stream.ts'
import { type PartSpan, partCountOf, partsOf } from './part-plan.ts'
import type { PartUrls } from './part-urls.ts'
import type { ReceivedPart } from './received-parts.ts'
import type { ListedPart } from './service-calls.ts'
import type { Piece, Supply } from './source.ts'

/** What the service calls a file, and what it has of it. */
export interface Target {
  readonly file_id: string
  readonly upload_id: string
  readonly part_size_bytes: number
}

/** What an earlier try of the upload left of a file. */
export interface Earlier {
  readonly parts: ReadonlyMap<number, ReceivedPart>
  /** Whether these are known to be of the same file, without looking at each. */
  readonly isTrusted: boolean
  /** Whether the store has put the file together already. */
  readonly isComplete: boolean
}

/** One part that is to be sent, or found to be there. */
export interface Shipment {
  readonly cargo: Cargo
  readonly span: PartSpan
  /** Its bytes, read when they are needed. */
  readonly take: () => Promise<Piece>
}

const NOTHING: Earlier = { parts: new Map(), isTrusted: false, isComplete: false }

/** A file on its way: where its parts go, and which have arrived. */
export class Cargo {
  readonly supply: Supply
  readonly target: Target
  readonly earlier: Earlier
  readonly urls: PartUrls
  readonly #etags = new Map<number, string>()
  readonly #partCount: number

  constructor(supply: Supply, target: Target, openUrls: (cargo: Cargo) => PartUrls, earlier: Earlier = NOTHING) {
    this.supply = supply
    this.target = target
    this.earlier = earlier
    this.urls = openUrls(this)
    this.#partCount = partCountOf(supply.sizeBytes, target.part_size_bytes)
  }

  /** Its parts in order; those of a stream are read one after the other as they are asked for. */
  async *shipments(signal: AbortSignal): AsyncGenerator<Shipment, void> {
    const { read, sizeBytes } = this.supply
    if (read === undefined) {
      for await (const part of cutStream(this.supply, this.target.part_size_bytes, signal)) yield this.#cut(part)
    } else {
      for (const span of partsOf(sizeBytes, this.target.part_size_bytes)) {
        yield { cargo: this, span, take: () => read(span.start, span.end) }
      }
    }
  }

  /** Notes a part as arrived; true when it was the last that was missing. */
  arrived(partNumber: number, etag: string): boolean {
    this.#etags.set(partNumber, etag)
    return this.#etags.size === this.#partCount
  }

  /** The numbers of the parts that have not arrived; the first one when all have. */
  missing(): number[] {
    const numbers = Array.from({ length: this.#partCount }, (_, i) => i + 1)
    const missing = numbers.filter((number) => !this.#etags.has(number))
    return missing.length === 0 ? [1] : missing
  }

  /** Every part with its ETag, in order, as the service wants them to complete the file. */
  list(): ListedPart[] {
    const parts = [...this.#etags].map(([PartNumber, ETag]) => ({ PartNumber, ETag }))
    return parts.sort((a, b) => a.PartNumber - b.PartNumber)
  }

  #cut({ span, bytes }: CutPart): Shipment {
    return { cargo: this, span, take: async () => bytes }
  }
}
