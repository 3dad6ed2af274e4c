import type { JobEventType } from '../job/event.ts'

/**
 * Where a delivery stands.
 *
 * - `pending`: waits for `dueAt`; moved on by a replica's claim
 * - `sending`: a replica tries it, until it says what came of it or its lease runs out
 * - `delivered`, `failed`: over; moved on by a person's resend
 */
export type DeliveryState = 'pending' | 'sending' | 'delivered' | 'failed'

/** One try of a delivery. */
export interface DeliveryAttempt {
  /** When it began, in ms since 1970. */
  at: number
  durationMs: number
  /** The HTTP status that was answered; null when nothing was. */
  status: number | null
  /** What was wrong; null when it was delivered. */
  error: string | null
}

/** What is told of one end of a job, and how that went. Instants are milliseconds since 1970. */
export interface Delivery {
  /** The `webhook-id`: the same for every try. */
  id: string
  jobId: string
  type: JobEventType
  url: string
  state: DeliveryState
  createdAt: number
  /** When it is tried next; null when it is being tried, or over. */
  nextAt: number | null
  /** After this instant it is tried no more. */
  expiresAt: number
  /** Tries so far, those too that `attempts` no longer has. */
  attempt: number
  /** Tries since it was stored or resent: the backoff counts these. */
  retries: number
  /** The newest tries, oldest first. */
  attempts: readonly DeliveryAttempt[]
}

/** A delivery that a replica is to try now, and the right to: `token` proves which claim it came from. */
export interface ClaimedDelivery extends Delivery {
  token: number
  /** The body, as it was when the job ended. */
  body: string
  /** Whose the job is. */
  tenant: string | null
  /** The trace of the job, as W3C Trace Context writes it. */
  traceparent: string | null
}

/** How much a replica takes on. */
export interface DeliveryWish {
  /** Deliveries at most. */
  limit: number
  /** Of one receiver at most so many at once, with those under way. */
  perHost: number
  /** Bodies together may be so long, in bytes; the first is taken however long it is. */
  maxBytes: number
  /** Those under way here, by `hostOf` their URL. */
  busy: ReadonlyMap<string, number>
  leaseMs: number
}

/** What a claim came to. */
export interface DeliveryClaim {
  deliveries: readonly ClaimedDelivery[]
  /** Whether others are due that the limits left. */
  more: boolean
  /** When the next one is due that is pending and not due yet; null when there is none. */
  nextDueAt: number | null
}

/** What came of a try: the attempt, unless it was broken off, and when to try again; null when it is over. */
export interface DeliveryOutcome {
  state: 'pending' | 'delivered' | 'failed'
  dueAt: number | null
  attempt: DeliveryAttempt | null
}

/** How many deliveries are on their way, and since when the one that is most overdue is due. */
export interface DeliveryCounts {
  pending: number
  oldestDueAt: number | null
}

/**
 * Keeps what is told of the ends of jobs. A delivery is stored in the transaction that ends its job, and forgotten with
 * the job. Every verb that writes has written durably when its promise resolves.
 */
export interface DeliveryRecords {
  /** Takes due deliveries, the longest due first, for as long as the lease; whoever lets it run out loses them. When some were taken and `more` are due, another claim may find some, too. */
  claim(wish: DeliveryWish): Promise<DeliveryClaim>
  /** Writes what came of a try; false, and nothing is changed, when somebody else has claimed it since, or it is gone. */
  record(claimed: ClaimedDelivery, outcome: DeliveryOutcome): Promise<boolean>
  /** The deliveries of a job, newest first. */
  list(jobId: string): Promise<Delivery[]>
  /** Makes a delivery due at once, with a whole period before it; one that is being tried is left. Undefined when the job has no such delivery. */
  resend(jobId: string, id: string): Promise<Delivery | undefined>
  counts(): Promise<DeliveryCounts>
  /** Hears when deliveries will be due: of those stored here, and with the heartbeat of those stored elsewhere and of leases that run out. */
  onDue(listener: (dueAt: number) => void): void
}

/** How long a delivery is tried, in ms: a day. */
export const DELIVERY_PERIOD_MS = 86_400_000

/**
 * A claim looks at so many due deliveries, the longest due, beside those of receivers that are busy enough: one with more
 * due than that is busy enough after the first claim, and the next one sees past it.
 */
export const CLAIM_WINDOW = 1_000

/** A delivery keeps the newest so many tries. */
export const MAX_DELIVERY_ATTEMPTS = 100

/** Receivers that may have no more deliveries than are under way. */
export function busyEnough({ busy, perHost }: DeliveryWish): string[] {
  return [...busy].flatMap(([host, count]) => (count >= perHost ? host : []))
}

/** The receiver that a URL leads to. */
export function hostOf(url: string): string {
  return new URL(url).host
}
