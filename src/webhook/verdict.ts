import type { DeliveryOutcome } from '../engine/delivery-records.ts'
import { backoffMs } from '../job/retry-policy.ts'
import type { PostAnswer } from './post.ts'

/** Some 30 tries in a day: the ceiling of the delay is 5 s after the first and 2 h from the twelfth on. */
const BACKOFF = { baseMs: 5_000, capMs: 7_200_000 }

/** A receiver may ask for a longer pause by `Retry-After`, up to this; in ms. */
const LONGEST_PAUSE_MS = 21_600_000

/** Where chance and time enter. */
export interface VerdictCircumstances {
  now: number
  /** A number in [0, 1). */
  random: number
  /** Tries before this one, since the delivery was stored or resent. */
  retries: number
  expiresAt: number
}

/** What a try came to. */
export interface Verdict extends Pick<DeliveryOutcome, 'state' | 'dueAt'> {
  /** What was wrong; null when it was delivered. */
  error: string | null
}

/**
 * What an answer means: 2xx is delivered; 410 (the receiver is gone, and says so) and an address that may not be connected
 * to end it; anything else is tried again, as receivers are mended within a day, and the last time at its end.
 */
export function verdictOf(answer: PostAnswer, circumstances: VerdictCircumstances): Verdict {
  if (answer.status !== null && answer.status >= 200 && answer.status < 300) {
    return { state: 'delivered', dueAt: null, error: null }
  }
  const { now, expiresAt } = circumstances
  const error = describe(answer)
  const isOver = answer.status === null ? answer.isRefused : answer.status === 410
  if (isOver || now >= expiresAt) return { state: 'failed', dueAt: null, error }
  return { state: 'pending', dueAt: Math.min(expiresAt, now + pauseMs(answer, circumstances)), error }
}

function pauseMs(answer: PostAnswer, { now, random, retries }: VerdictCircumstances): number {
  const asked = answer.status === null ? 0 : readRetryAfter(answer.retryAfter, now)
  return Math.max(backoffMs(BACKOFF, retries + 1, random), Math.min(asked, LONGEST_PAUSE_MS))
}

/** Seconds, or a date (RFC 9110, 10.2.3); 0 for anything else. */
function readRetryAfter(given: string | undefined, now: number): number {
  if (given === undefined) return 0
  if (/^\d{1,9}$/.test(given)) return Number(given) * 1000
  const at = Date.parse(given)
  return Number.isNaN(at) ? 0 : Math.max(0, at - now)
}

function describe(answer: PostAnswer): string {
  if (answer.status === null) return answer.failure
  if (answer.status >= 300 && answer.status < 400) {
    return `It answered ${answer.status}; redirects are not followed, as they may lead anywhere.`
  }
  return answer.status === 410 ? 'It answered 410: it is gone, and is told no more.' : `It answered ${answer.status}.`
}
