import { type Clock, every, type Timer } from '../base/clock.ts'
import type { Component } from '../base/lifecycle.ts'
import type { Activity } from '../engine/activity.ts'
import type { Retention } from '../engine/retention.ts'

/** Retention is counted in days, so an hour more or less is nothing; and an idle service should sleep. */
const SWEEP_EVERY_MS = 3_600_000

/** What housekeeping stands on. */
export interface MaintenanceParts {
  retention: Pick<Retention, 'sweep'>
  activity: Pick<Activity, 'foldTallies'>
  clock: Clock
  onError(thrown: unknown): void
}

/** Housekeeping at start and once an hour. */
export class Maintenance implements Component {
  readonly #parts: MaintenanceParts
  #timer: Timer | undefined
  #sweeping: Promise<void> = Promise.resolve()
  readonly #stopped = new AbortController()

  constructor(parts: MaintenanceParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    if (this.#timer !== undefined) return
    this.#sweep()
    this.#timer = every(this.#parts.clock, SWEEP_EVERY_MS, () => this.#sweep(), this.#parts.onError)
  }

  /** A sweep under way ends after the jobs it is at: a million of them would hold a stop up for hours. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#stopped.abort()
    await this.#sweeping
  }

  #sweep(): Promise<void> {
    const { retention, activity, onError } = this.#parts
    const swept = retention.sweep(this.#stopped.signal).then(() => {}, onError)
    this.#sweeping = swept
      .then(() => (this.#stopped.signal.aborted ? undefined : activity.foldTallies()))
      .catch(onError)
    return this.#sweeping
  }
}
