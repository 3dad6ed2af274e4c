/** When a failed attempt is tried again. */
export interface RetryPolicy {
  /** Delay ceiling before the second attempt, in ms; doubles with each attempt. Default 10,000. */
  baseMs: number
  /** The ceiling never grows beyond this, in ms. Default 3,600,000. */
  capMs: number
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = { baseMs: 10_000, capMs: 3_600_000 }

/**
 * Exponential backoff with full jitter: a uniformly random delay below min(cap, base × 2^(attempt − 1)). Spreading over
 * the whole range is what keeps jobs that failed together from coming back together (Brooker, "Exponential Backoff And
 * Jitter", AWS Architecture Blog, 2015).
 *
 * @param attempt the attempt that failed, from 1
 * @param random a number in [0, 1)
 */
export function backoffMs(policy: RetryPolicy, attempt: number, random: number): number {
  const ceilingMs = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt - 1, 52))
  return Math.floor(random * ceilingMs)
}
