import { type Clock, systemClock, type Timer } from '../../base/clock.ts'

/** How much monotonic clocks of two machines may drift apart: ten times what a quartz does, in ms per ms. */
const DRIFT = 0.0005

/**
 * The database's time, so that replicas agree whatever their own clocks say. Between measurements it goes on by this
 * machine's monotonic clock, which nobody sets.
 */
export class DatabaseClock implements Clock {
  /** What is added to the monotonic clock; until the first measurement, that of the machine's own time. */
  #offset = performance.timeOrigin
  /** By how much the offset may have been wrong when it was measured, and when that was. */
  #errorMs = Number.POSITIVE_INFINITY
  #measuredAt = 0

  now(): number {
    return Math.round(performance.now() + this.#offset)
  }

  setTimer(delayMs: number, action: () => void): Timer {
    return systemClock.setTimer(delayMs, action)
  }

  /**
   * Asks for something that tells the database's time; off by half of what the answer took, at most. An answer that was
   * held up on its way says less than what is known, and is taken only when both cannot be true: then a clock was set.
   */
  async measure<Answer extends { databaseNow: number }>(ask: () => Promise<Answer>): Promise<Answer> {
    const sentAt = performance.now()
    const answer = await ask()
    const heardAt = performance.now()
    const offset = answer.databaseNow - (sentAt + heardAt) / 2
    const errorMs = (heardAt - sentAt) / 2
    const knownTo = this.#errorMs + (heardAt - this.#measuredAt) * DRIFT
    if (errorMs <= knownTo || Math.abs(offset - this.#offset) > errorMs + knownTo) {
      this.#offset = offset
      this.#errorMs = errorMs
      this.#measuredAt = heardAt
    }
    return answer
  }
}
