/** The pace is that of so many attempts, the last ones. */
const ATTEMPTS = 32

/** Attempts are short that take at most this on average, in ms: about how long a job waits behind one of them. */
const SHORT_MS = 20

/** How long attempts took lately. */
export class Pace {
  readonly #tookMs: number[] = []
  #next = 0
  #sumMs = 0

  /** Notes how long an attempt took a slot, in ms. */
  note(tookMs: number): void {
    // The clock may have been set back meanwhile.
    const noted = Math.max(0, tookMs)
    this.#sumMs += noted - (this.#tookMs[this.#next] ?? 0)
    this.#tookMs[this.#next] = noted
    this.#next = (this.#next + 1) % ATTEMPTS
  }

  /** Whether attempts are short. Nobody knows before there were some. */
  get isQuick(): boolean {
    return this.#tookMs.length === ATTEMPTS && this.#sumMs <= ATTEMPTS * SHORT_MS
  }

  /** Begins anew. */
  forget(): void {
    this.#tookMs.length = 0
    this.#next = 0
    this.#sumMs = 0
  }
}
