import { ApiError, LongshoreError } from './errors.ts'
import { sleep } from './stop.ts'

/** How often and how fast a request is made again. */
export interface RetryPolicy {
  /** Tries in all. Default 6, which outlasts a service's restart of a few seconds. */
  readonly tries: number
  /** Ceiling of the random wait before the second try, in ms; doubles with each further one. Default 250. */
  readonly baseMs: number
  /** Highest ceiling, in ms; a service that asks for a longer wait, up to 5 min, gets it. Default 10,000. */
  readonly capMs: number
  /** How long one try may go without a byte of its answer before its connection counts as stalled, in ms. Default 30,000. */
  readonly tryMs: number
  /** What a line must carry at least, in bytes a second: a part may take the time it needs at that beside `tryMs`. Default 65,536. */
  readonly slowestRate: number
}

export const DEFAULT_RETRY: RetryPolicy = { tries: 6, baseMs: 250, capMs: 10_000, tryMs: 30_000, slowestRate: 65_536 }

/**
 * Does something again while it fails in a way that may pass; `tried` counts the tries before. An aborted signal ends it with
 * the signal's reason.
 *
 * @param achieved how far the action has come for good, e.g. bytes on disk; tries are counted anew whenever it has grown
 */
export async function withRetries<Result>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  action: (tried: number) => Promise<Result>,
  achieved: () => number = () => 0,
): Promise<Result> {
  let most = achieved()
  for (let tried = 0; ; ) {
    signal?.throwIfAborted()
    try {
      return await action(tried)
    } catch (failure) {
      signal?.throwIfAborted()
      if (achieved() > most) tried = 0
      most = Math.max(most, achieved())
      tried += 1
      if (tried >= policy.tries || !mayPass(failure)) throw failure
      await sleep(waitMs(policy, tried, failure), signal)
    }
  }
}

/** The longest wait that a service is granted, in ms: whoever is to wait longer is told so by the error's `retryAfterMs`. */
const MAX_ASKED_MS = 300_000

/** Whether the same may succeed soon. */
export function mayPass(failure: unknown): failure is LongshoreError {
  if (failure instanceof ApiError && (failure.retryAfterMs ?? 0) > MAX_ASKED_MS) return false
  return failure instanceof LongshoreError && failure.retryable
}

/** How long to wait after so many tries: as long as the service asks, otherwise a random time. */
export function waitMs(policy: RetryPolicy, tried: number, failure?: unknown): number {
  const asked = failure instanceof ApiError ? failure.retryAfterMs : undefined
  return asked ?? backoffMs(policy, tried)
}

/** Full jitter, so that clients that failed together do not come back together. */
function backoffMs({ baseMs, capMs }: RetryPolicy, tried: number): number {
  return Math.random() * Math.min(capMs, baseMs * 2 ** (tried - 1))
}
