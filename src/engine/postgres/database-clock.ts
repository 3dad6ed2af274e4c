import { type Clock, systemClock, type Timer } from '../../base/clock.ts'

/**
 * The database's time, so that replicas agree whatever their own clocks say. Between measurements it goes on by this
 * machine's monotonic clock, which nobody sets.
 */
export class DatabaseClock implements Clock {
  /** What is added to the monotonic clock; until the first measurement, that of the machine's own time. */
  #offset = performance.timeOrigin

  now(): number {
    return Math.round(performance.now() + this.#offset)
  }

  setTimer(delayMs: number, action: () => void): Timer {
    return systemClock.setTimer(delayMs, action)
  }

  /** Asks for something that tells the database's time; off by half of what the answer took, at most. */
  async measure<Answer extends { databaseNow: number }>(ask: () => Promise<Answer>): Promise<Answer> {
    const sentAt = performance.now()
    const answer = await ask()
    this.#offset = answer.databaseNow - (sentAt + performance.now()) / 2
    return answer
  }
}
