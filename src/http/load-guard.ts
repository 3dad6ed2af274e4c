import { LongshoreError } from '../base/errors.ts'
import type { Guard } from './guard.ts'

/**
 * So many requests in one delay are a flood. Fewer were held up by something else, such as an inline processor, which may
 * keep the event loop busy by right: refusing them would help nobody.
 */
const FLOOD = 100

/** Requests are refused for no longer than this, in ms, before it is looked again. */
const LONGEST_MS = 5_000

/** Where the guard gets its time. */
interface LoopTime {
  /** In ms, never set back. */
  now(): number
  /** Calls back once all that has arrived by now was begun. */
  afterThisTurn(call: () => void): void
}

const LOOP: LoopTime = { now: () => performance.now(), afterThisTurn: (call) => void setImmediate(call) }

/**
 * Refuses requests while more of them come than the service can begin in `maxDelayMs`, so that those it has begun end in
 * time. The delay is measured with a request, from its arrival to the end of that turn of the event loop: an idle service
 * measures nothing and sets no timer.
 *
 * @param random a number in [0, 1): those that are refused do not come back all at once
 */
export function loadGuard(maxDelayMs: number, time = LOOP, random = Math.random): Guard {
  let measuring = false
  let arrived = 0
  let refusedUntil = 0
  let lastDelayMs = 0
  const measure = (): void => {
    const begun = time.now()
    measuring = true
    arrived = 0
    time.afterThisTurn(() => {
      measuring = false
      lastDelayMs = time.now() - begun
      if (lastDelayMs > maxDelayMs && arrived >= FLOOD) refusedUntil = time.now() + Math.min(lastDelayMs, LONGEST_MS)
    })
  }
  return () => {
    if (!measuring) measure()
    arrived += 1
    const now = time.now()
    if (now >= refusedUntil) return undefined
    const retryAfterMs = refusedUntil - now + lastDelayMs * (1 + random())
    const detail = 'More requests come than the service can answer in time. Try again later.'
    return new LongshoreError('OVERLOADED', detail, { retryAfterMs })
  }
}
