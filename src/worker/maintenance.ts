import { type Clock, every, type Timer } from '../base/clock.ts'
import type { Component } from '../base/lifecycle.ts'
import type { Retention } from '../engine/retention.ts'

/** Retention is counted in days, so an hour more or less is nothing; and an idle service should sleep. */
const SWEEP_EVERY_MS = 3_600_000

/** Housekeeping at start and once an hour. */
export class Maintenance implements Component {
  readonly #retention: Pick<Retention, 'sweep'>
  readonly #clock: Clock
  readonly #onError: (thrown: unknown) => void
  #timer: Timer | undefined
  #sweeping: Promise<void> = Promise.resolve()
  readonly #stopped = new AbortController()

  constructor(retention: Pick<Retention, 'sweep'>, clock: Clock, onError: (thrown: unknown) => void) {
    this.#retention = retention
    this.#clock = clock
    this.#onError = onError
  }

  async start(): Promise<void> {
    if (this.#timer !== undefined) return
    this.#sweep()
    this.#timer = every(this.#clock, SWEEP_EVERY_MS, () => this.#sweep(), this.#onError)
  }

  /** A sweep under way ends after the job it is at: a million of them would hold a stop up for hours. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#stopped.abort()
    await this.#sweeping
  }

  #sweep(): Promise<void> {
    this.#sweeping = this.#retention.sweep(this.#stopped.signal).then(() => {}, this.#onError)
    return this.#sweeping
  }
}
