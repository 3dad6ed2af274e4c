import { type Clock, every, type Timer } from '../base/clock.ts'
import type { Component } from '../base/lifecycle.ts'
import type { Retention } from '../engine/retention.ts'

/** Retention is counted in days, so an hour more or less is nothing; and an idle service should sleep. */
const SWEEP_EVERY_MS = 3_600_000

/** Housekeeping at start and once an hour. */
export class Maintenance implements Component {
  readonly #retention: Retention
  readonly #clock: Clock
  readonly #onError: (thrown: unknown) => void
  #timer: Timer | undefined
  #sweeping: Promise<void> = Promise.resolve()

  constructor(retention: Retention, clock: Clock, onError: (thrown: unknown) => void) {
    this.#retention = retention
    this.#clock = clock
    this.#onError = onError
  }

  async start(): Promise<void> {
    this.#sweeping = this.#sweep().catch(this.#onError)
    this.#timer ??= every(this.#clock, SWEEP_EVERY_MS, () => this.#sweep(), this.#onError)
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    await this.#sweeping
  }

  #sweep(): Promise<void> {
    this.#sweeping = this.#retention.sweep().then(() => {})
    return this.#sweeping
  }
}
