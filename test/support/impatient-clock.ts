import type { Clock, Timer } from '../../src/base/clock.ts'

/** A clock on which every delay is over at once; remembers the delays. */
export class ImpatientClock implements Clock {
  readonly delays: number[] = []
  #now = 0

  now(): number {
    return this.#now
  }

  setTimer(delayMs: number, action: () => void): Timer {
    this.delays.push(delayMs)
    this.#now += delayMs
    const handle = setImmediate(action)
    return { cancel: () => clearImmediate(handle) }
  }
}
