import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Ingest, IngestRecords } from '../engine/ingest-records.ts'

/** What is under way says that often that it is, in ms; thrice this without a word, and a crash cut it off. */
export const SIGN_OF_LIFE_MS = 20_000

/** How long a place lives without a sign of life, in ms. */
export const PLACE_TTL_MS = 3 * SIGN_OF_LIFE_MS

/** What a hold stands on. */
export interface HoldParts {
  records: IngestRecords
  clock: Clock
}

/** A place while this process holds it. */
export class PlaceHold {
  readonly #parts: HoldParts
  readonly #jobId: string
  #until: number
  #isLost = false

  constructor(parts: HoldParts, { jobId, expiresAt }: Ingest) {
    this.#parts = parts
    this.#jobId = jobId
    this.#until = expiresAt
  }

  /** Until when nobody else clears the place. */
  get until(): number {
    return this.#until
  }

  /** Says that what holds the place is under way. False when the place has ended: others heard nothing for too long. */
  async extend(): Promise<boolean> {
    const { records, clock } = this.#parts
    const until = clock.now() + PLACE_TTL_MS
    if (await records.extend(this.#jobId, until)) this.#until = Math.max(this.#until, until)
    else this.#isLost = true
    return !this.#isLost
  }

  /** Makes sure that what was put under the place is there and stays for a while. Throws `ENGINE_UNAVAILABLE` if it may not be. */
  async confirm(): Promise<void> {
    const isSure = !this.#isLost && this.#until - this.#parts.clock.now() >= SIGN_OF_LIFE_MS
    if (isSure || (await this.extend())) return
    const detail = `This upload could not be noted as under way for ${PLACE_TTL_MS / 1000} s, so what it had sent was dropped. Send it again.`
    throw new LongshoreError('ENGINE_UNAVAILABLE', detail)
  }
}
