const MINUTE_MS = 60_000
const ROUNDING_MS = 0.001

/**
 * Counts requests by who makes them: a minute's worth may come at once, then they come back evenly. One number is kept for
 * each (the generic cell rate algorithm), and no timer: there are as many as there are keys and tenants.
 */
export class RequestRates {
  /** When all that was taken will have come back, in ms. */
  readonly #fullAt = new Map<string, number>()

  /** Takes one request of `perMinute`; answers 0, or after how many ms there will be one. */
  take(subject: string, perMinute: number, now: number): number {
    const eachMs = MINUTE_MS / perMinute
    const fullAt = Math.max(now, this.#fullAt.get(subject) ?? now) + eachMs
    const waitMs = fullAt - now - MINUTE_MS
    // Sums of fractions are off by a little: a limit of 7 is 7.
    if (waitMs > ROUNDING_MS) return waitMs
    this.#fullAt.set(subject, fullAt)
    return 0
  }
}
