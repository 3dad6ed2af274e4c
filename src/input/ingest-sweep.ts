import type { Clock, Timer } from '../base/clock.ts'
import type { Component } from '../base/lifecycle.ts'
import type { Ingest, IngestRecords } from '../engine/ingest-records.ts'

/** How long to wait after a sweep that failed, e.g. because the store was out of reach. */
const AFTER_FAILURE_MS = 60_000

/** Open ingests looked at in one go. */
const PAGE = 100

/** What the sweep does with what it finds. */
export interface SweepActions {
  /** Ends an ingest that is expired, or repairs one whose files are all there. */
  settle(ingest: Ingest): Promise<void>
  onFault(fault: unknown): void
}

/** Ends open ingests when they expire: one timer to the nearest expiry, no polling. */
export class IngestSweep implements Component {
  readonly #records: IngestRecords
  readonly #clock: Clock
  readonly #actions: SweepActions
  #timer: Timer | undefined
  #dueAt = Number.POSITIVE_INFINITY
  /** How many could not be ended the last time: they come first again, and the rest is behind them. */
  #stuck = 0
  #running: Promise<void> | undefined
  #stopped = true

  constructor(records: IngestRecords, clock: Clock, actions: SweepActions) {
    this.#records = records
    this.#clock = clock
    this.#actions = actions
  }

  async start(): Promise<void> {
    this.#stopped = false
    await this.sweep()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    this.#dueAt = Number.POSITIVE_INFINITY
    await this.#running
  }

  /** Hears that an ingest expires at an instant. */
  expect(expiresAt: number): void {
    if (!this.#stopped && expiresAt < this.#dueAt) this.#arm(expiresAt)
  }

  /** Hears that something could not be dropped, and sweeps a minute later. */
  again(): void {
    this.expect(this.#clock.now() + AFTER_FAILURE_MS)
  }

  /** Ends what has expired by now and waits for the next; a failure is told and tried again. */
  sweep(): Promise<void> {
    this.#running ??= this.#sweep().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #sweep(): Promise<void> {
    this.#timer?.cancel()
    this.#dueAt = Number.POSITIVE_INFINITY
    try {
      const limit = PAGE + this.#stuck
      const open = await this.#records.listOpen(limit)
      const due = open.filter((ingest) => ingest.expiresAt <= this.#clock.now())
      this.#stuck = 0
      for (const ingest of due) if (!(await this.#settle(ingest))) this.#stuck += 1
      // A whole page of due ones has more behind it: at once if they could be ended, else with those that could not.
      const rest = due.length === limit && this.#stuck === 0 ? this.#clock.now() : undefined
      const next = open[due.length]?.expiresAt ?? rest
      if (next !== undefined) this.expect(next)
    } catch (fault) {
      this.#actions.onFault(fault)
      this.again()
    }
  }

  /** One that cannot be ended now does not keep the others from it. */
  async #settle(ingest: Ingest): Promise<boolean> {
    if (this.#stopped) return true
    try {
      await this.#actions.settle(ingest)
      return true
    } catch (fault) {
      this.#actions.onFault(fault)
      this.again()
      return false
    }
  }

  #arm(dueAt: number): void {
    this.#timer?.cancel()
    this.#dueAt = dueAt
    this.#timer = this.#clock.setTimer(Math.max(0, dueAt - this.#clock.now()), () => void this.#wake())
  }

  /** A sweep under way may have looked already: what fell due since needs another. */
  async #wake(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY
    await this.#running
    if (!this.#stopped) await this.sweep()
  }
}
