import type { Clock, Timer } from '../../src/base/clock.ts'

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now: number
  readonly #timers = new Set<{ dueAt: number; action: () => void }>()

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  setTimer(delayMs: number, action: () => void): Timer {
    const timer = { dueAt: this.#now + Math.max(0, delayMs), action }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  /** Timers that wait; what an idle component may still hold. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time on, firing due timers in order, each at its own instant. */
  advance(byMs: number): void {
    const until = this.#now + byMs
    for (let next = this.#earliest(until); next; next = this.#earliest(until)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.dueAt)
      next.action()
    }
    this.#now = until
  }

  /** Sets the clock as a person would: timers go on as they were. */
  jump(byMs: number): void {
    this.#now += byMs
    for (const timer of this.#timers) timer.dueAt += byMs
  }

  #earliest(until: number): { dueAt: number; action: () => void } | undefined {
    return [...this.#timers].filter((timer) => timer.dueAt <= until).sort((a, b) => a.dueAt - b.dueAt)[0]
  }
}
