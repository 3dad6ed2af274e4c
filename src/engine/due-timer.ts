import type { Clock, Timer } from '../base/clock.ts'

/** How a timer bears what may go wrong. */
export interface DueTimerOptions {
  /** The clock is looked at again after so many ms at most, as somebody may set it meanwhile, or a machine sleep. Never by default. */
  longestNapMs?: number
  /** What is due could not be done: tried again after so many ms. Default 1,000. */
  retryMs?: number
}

/** Wakes when the next thing is due, by one timer; none is set while nothing is. */
export class DueTimer {
  readonly #clock: Clock
  readonly #wake: () => Promise<number | null>
  readonly #longestNapMs: number
  readonly #retryMs: number
  #dueAt = Number.POSITIVE_INFINITY
  #timer: Timer | undefined
  #stopped = false

  /** @param wake does what is due; answers when the next is */
  constructor(clock: Clock, wake: () => Promise<number | null>, options: DueTimerOptions = {}) {
    const { longestNapMs = Number.POSITIVE_INFINITY, retryMs = 1_000 } = options
    this.#clock = clock
    this.#wake = wake
    this.#longestNapMs = longestNapMs
    this.#retryMs = retryMs
  }

  /** Wakes at `dueAt`, unless it wakes before. */
  arm(dueAt: number): void {
    if (dueAt >= this.#dueAt || this.#stopped) return
    this.#dueAt = dueAt
    this.#nap()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #nap(): void {
    this.#timer?.cancel()
    const leftMs = Math.max(0, this.#dueAt - this.#clock.now())
    this.#timer = this.#clock.setTimer(Math.min(leftMs, this.#longestNapMs), () => this.#look())
  }

  #look(): void {
    if (this.#clock.now() < this.#dueAt) this.#nap()
    else this.#begin()
  }

  #begin(): void {
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#wake().then(
      (next) => this.arm(next ?? Number.POSITIVE_INFINITY),
      () => this.arm(this.#clock.now() + this.#retryMs),
    )
  }
}
