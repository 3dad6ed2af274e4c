import type { Clock } from '../base/clock.ts'
import type { Ingest, IngestRecords } from '../engine/ingest-records.ts'
import { uploadDropped } from '../engine/record/refusals.ts'

/** What is under way says that often that it is, in ms; thrice this without a word, and a crash cut it off. */
export const SIGN_OF_LIFE_MS = 20_000

/** How long a place lives without a sign of life, in ms. */
export const PLACE_TTL_MS = 3 * SIGN_OF_LIFE_MS

/** A place that lives so long, in ms, is there when what comes next is written: reaching a database and a statement take less. */
const SURE_MS = 45_000

/** What a hold stands on. */
export interface HoldParts {
  records: IngestRecords
  clock: Clock
}

/** A place while this process holds it. */
export class PlaceHold {
  readonly #parts: HoldParts
  readonly #jobId: string
  readonly #lost = new AbortController()
  #until: number

  constructor(parts: HoldParts, { jobId, expiresAt }: Ingest) {
    this.#parts = parts
    this.#jobId = jobId
    this.#until = expiresAt
  }

  /** Aborts when the place has ended, because others heard nothing of it for too long. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Says that what holds the place is under way, or hears that the place is lost. */
  async extend(): Promise<void> {
    const { records, clock } = this.#parts
    const until = clock.now() + PLACE_TTL_MS
    if (await records.extend(this.#jobId, until)) this.#until = Math.max(this.#until, until)
    else this.#lost.abort(uploadDropped())
  }

  /** Makes sure that what was put under the place is there, and stays for a while. Throws `ENGINE_UNAVAILABLE` if it is lost. */
  async confirm(): Promise<void> {
    if (!this.#isSure()) await this.extend()
    this.lost.throwIfAborted()
    if (!this.#isSure()) throw uploadDropped()
  }

  #isSure(): boolean {
    return this.#until - this.#parts.clock.now() >= SURE_MS
  }
}
