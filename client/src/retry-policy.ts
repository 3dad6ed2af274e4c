import { ApiError, LongshoreError } from './errors.ts'

/** How often and how fast a request is made again. Every request of the client may be repeated without harm. */
export interface RetryPolicy {
  /** Tries in all. Default 6, which outlasts a service's restart of a few seconds. */
  readonly tries: number
  /** Ceiling of the random wait before the second try, in ms; doubles with each further one. Default 250. */
  readonly baseMs: number
  /** Highest ceiling, in ms; a service that asks for a longer wait gets it. Default 10,000. */
  readonly capMs: number
  /**
   * How long one try of an upload's request may take before its connection counts as stalled, in ms. Requests that carry
   * or move bytes get, beside it, the time these need on a slow line. Default 30,000.
   */
  readonly tryMs: number
}

export const DEFAULT_RETRY: RetryPolicy = { tries: 6, baseMs: 250, capMs: 10_000, tryMs: 30_000 }

/** Does something again while it fails in a way that may pass. An aborted signal ends it with the signal's reason. */
export async function withRetries<Result>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  action: () => Promise<Result>,
): Promise<Result> {
  for (let tried = 1; ; tried++) {
    signal?.throwIfAborted()
    try {
      return await action()
    } catch (failure) {
      signal?.throwIfAborted()
      if (tried >= policy.tries || !(failure instanceof LongshoreError) || !failure.retryable) throw failure
      await sleep(retryAfterOf(failure) ?? backoffMs(policy, tried), signal)
    }
  }
}

function retryAfterOf(failure: LongshoreError): number | undefined {
  return failure instanceof ApiError ? failure.retryAfterMs : undefined
}

/** Full jitter, so that clients that failed together do not come back together. */
function backoffMs({ baseMs, capMs }: RetryPolicy, tried: number): number {
  return Math.random() * Math.min(capMs, baseMs * 2 ** (tried - 1))
}

function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, delayMs)
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
}
