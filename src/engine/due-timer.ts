import type { Clock, Timer } from '../base/clock.ts'

/** Nothing could be written when jobs became due: tried again after this many ms. */
const RETRY_MS = 1_000

/** Wakes when the next delayed job is due, by one timer; none is set while no job is delayed. */
export class DueTimer {
  readonly #clock: Clock
  readonly #promote: () => Promise<number | null>
  #dueAt = Number.POSITIVE_INFINITY
  #timer: Timer | undefined
  #stopped = false

  /** @param promote makes due jobs ready; answers when the next one is due */
  constructor(clock: Clock, promote: () => Promise<number | null>) {
    this.#clock = clock
    this.#promote = promote
  }

  /** Wakes at `dueAt`, unless it wakes before. */
  arm(dueAt: number): void {
    if (dueAt >= this.#dueAt || this.#stopped) return
    this.#timer?.cancel()
    this.#dueAt = dueAt
    this.#timer = this.#clock.setTimer(Math.max(0, dueAt - this.#clock.now()), () => {
      this.#dueAt = Number.POSITIVE_INFINITY
      this.#promote().then(
        (next) => this.arm(next ?? Number.POSITIVE_INFINITY),
        () => this.arm(this.#clock.now() + RETRY_MS),
      )
    })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }
}
