import { type Clock, every, type Timer } from '../base/clock.ts'
import type { Component } from '../base/lifecycle.ts'
import type { JobManager } from '../engine/job-manager.ts'

/** A lease that ran out is noticed within this share of its length. */
const LOOKS_PER_LEASE = 3

/** What rescue stands on. */
export interface RescueParts {
  jobs: Pick<JobManager, 'rescue'>
  clock: Clock
  leaseMs: number
  /** Extends the leases of this process: after its loop was blocked they may have run out, and need no rescue. */
  beat(): Promise<void>
  onError(thrown: unknown): void
}

/** Requeues, again and again, what dead workers held; for engines that many processes share. */
export class Rescue implements Component {
  readonly #parts: RescueParts
  #timer: Timer | undefined

  constructor(parts: RescueParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { clock, leaseMs, onError } = this.#parts
    this.#timer ??= every(clock, leaseMs / LOOKS_PER_LEASE, () => this.#look(), onError)
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
  }

  async #look(): Promise<void> {
    await this.#parts.beat()
    await this.#parts.jobs.rescue()
  }
}
