import type { Clock, Timer } from '../base/clock.ts'
import { sleep } from '../base/clock.ts'
import type { Component } from '../base/lifecycle.ts'
import { type ClaimedDelivery, type DeliveryOutcome, type DeliveryRecords, hostOf } from '../engine/delivery-records.ts'
import type { Fact } from '../telemetry/facts.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { Post, PostAnswer } from './post.ts'
import { signatureHeaders } from './signature.ts'
import { verdictOf } from './verdict.ts'

/** What came of one try. */
type Tried = Extract<Fact, { type: 'webhook.tried' }>

/** What delivering stands on. */
export interface DelivererParts {
  records: DeliveryRecords
  clock: Clock
  /** Base64; each signs. */
  secrets: readonly string[]
  /** Posts at once, and of those to one receiver. */
  concurrency: number
  hostConcurrency: number
  /** A post takes at most so long, in ms. */
  timeoutMs: number
  /** A stop lets posts go on for so long, in ms. */
  graceMs: number
  /** What it calls itself to receivers. */
  userAgent: string
  post(post: Post, signal: AbortSignal): Promise<PostAnswer>
  /** A number in [0, 1); `Math.random` unless given. */
  random?: () => number
  /** Where OpenTelemetry is set up. */
  tracing?: Pick<Tracing, 'deliver'>
  /** Hears of every try. */
  told(tried: Tried): void
  onError(thrown: unknown): void
}

/** The claim on a delivery outlasts its post by this, in ms: time to write what came of it. */
const LEASE_MARGIN_MS = 30_000

/** Bodies of posts under way, together; one may be as long as its job. */
const MAX_BYTES_UNDERWAY = 64 * 1024 * 1024

/** Pause after the engine could not be asked, or when others are claiming what is due, in ms. */
const RETRY_MS = 1_000

/**
 * Tells receivers what the engine has stored for them. It claims what is due, as much as fits, when something is stored,
 * when its timer says that a retry is due, and when a post has ended while more was due; nothing is asked in between.
 */
export class Deliverer implements Component {
  readonly #parts: DelivererParts
  readonly #underway = new Map<Promise<void>, { host: string; bytes: number }>()
  readonly #stopped = new AbortController()
  readonly #cut = new AbortController()
  #started = false
  #timer: Timer | undefined
  #timerDueAt = Number.POSITIVE_INFINITY
  #claiming: Promise<void> | undefined
  #isAsked = false
  /** More is due than was claimed. */
  #isMoreDue = false

  constructor(parts: DelivererParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    if (this.#started) return
    this.#started = true
    this.#parts.records.onDue((dueAt) => this.#wakeAt(dueAt))
    this.#wake()
  }

  /** Claims no more; posts that do not end in time are broken off and given back, to be due at once. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#timer?.cancel()
    await this.#claiming
    const { clock, graceMs } = this.#parts
    const timer = clock.setTimer(graceMs, () => this.#cut.abort())
    await Promise.all(this.#underway.keys())
    timer.cancel()
  }

  #wakeAt(dueAt: number): void {
    const { clock } = this.#parts
    if (dueAt >= this.#timerDueAt || this.#stopped.signal.aborted) return
    this.#timer?.cancel()
    this.#timerDueAt = dueAt
    this.#timer = clock.setTimer(Math.max(0, dueAt - clock.now()), () => {
      this.#timerDueAt = Number.POSITIVE_INFINITY
      this.#wake()
    })
  }

  /** Claims now; asked for while a claim is under way, once more after it. */
  #wake(): void {
    this.#isAsked = true
    this.#claiming ??= this.#claimWhileAsked().finally(() => {
      this.#claiming = undefined
    })
  }

  async #claimWhileAsked(): Promise<void> {
    while (this.#isAsked && !this.#stopped.signal.aborted) {
      this.#isAsked = false
      try {
        await this.#claim()
      } catch (thrown) {
        this.#parts.onError(thrown)
        this.#wakeAt(this.#parts.clock.now() + RETRY_MS)
      }
    }
  }

  async #claim(): Promise<void> {
    const { records, concurrency, hostConcurrency: perHost, timeoutMs, clock } = this.#parts
    const limit = concurrency - this.#underway.size
    const maxBytes = MAX_BYTES_UNDERWAY - [...this.#underway.values()].reduce((sum, { bytes }) => sum + bytes, 0)
    if (limit <= 0 || maxBytes <= 0) {
      this.#isMoreDue = true
      return
    }
    const leaseMs = timeoutMs + LEASE_MARGIN_MS
    const claim = await records.claim({ limit, perHost, maxBytes, busy: this.#busy(), leaseMs })
    for (const delivery of claim.deliveries) this.#begin(delivery, clock.now() + leaseMs)
    this.#isMoreDue = claim.more
    this.#isAsked ||= claim.more && claim.deliveries.length > 0
    if (claim.nextDueAt !== null) this.#wakeAt(claim.nextDueAt)
    if (claim.more && this.#underway.size === 0) this.#wakeAt(clock.now() + RETRY_MS)
  }

  #busy(): Map<string, number> {
    const busy = new Map<string, number>()
    for (const { host } of this.#underway.values()) busy.set(host, (busy.get(host) ?? 0) + 1)
    return busy
  }

  #begin(delivery: ClaimedDelivery, leaseEndsAt: number): void {
    const host = hostOf(delivery.url)
    const work = this.#deliver(delivery, host, leaseEndsAt)
      .catch(this.#parts.onError)
      .finally(() => {
        this.#underway.delete(work)
        if (this.#isMoreDue) this.#wake()
      })
    this.#underway.set(work, { host, bytes: delivery.body.length })
  }

  async #deliver(delivery: ClaimedDelivery, host: string, leaseEndsAt: number): Promise<void> {
    const outcome = await this.#trace(delivery, host)
    if (!(await this.#record(delivery, outcome, leaseEndsAt))) {
      this.#wakeAt(leaseEndsAt)
      return
    }
    this.#parts.told(factOf(delivery, outcome, host))
    if (outcome.dueAt !== null) this.#wakeAt(outcome.dueAt)
  }

  /** The receiver is told of the span of this try, or of the one that the job keeps. */
  #trace(delivery: ClaimedDelivery, host: string): Promise<DeliveryOutcome> {
    const { tracing } = this.#parts
    if (tracing === undefined) return this.#try(delivery, delivery.traceparent)
    return tracing.deliver(delivery, host, (traceparent) => this.#try(delivery, traceparent))
  }

  async #try(delivery: ClaimedDelivery, traceparent: string | null): Promise<DeliveryOutcome> {
    const { clock, post, random = Math.random } = this.#parts
    const at = clock.now()
    const began = performance.now()
    try {
      const answer = await post(this.#postOf(delivery, traceparent, at), this.#cut.signal)
      const { retries, expiresAt } = delivery
      const { error, ...next } = verdictOf(answer, { now: clock.now(), random: random(), retries, expiresAt })
      const durationMs = Math.round(performance.now() - began)
      return { ...next, attempt: { at, durationMs, status: answer.status, error } }
    } catch (thrown) {
      if (!this.#cut.signal.aborted) throw thrown
      return { state: 'pending', dueAt: clock.now(), attempt: null }
    }
  }

  #postOf({ id, url, body }: ClaimedDelivery, traceparent: string | null, at: number): Post {
    const { secrets, userAgent } = this.#parts
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': userAgent,
      ...signatureHeaders(secrets, { id, at, body }),
      ...(traceparent !== null && { traceparent }),
    }
    return { url, headers, body }
  }

  /** What is not written is sent again when the lease runs out, so it is tried until then. */
  async #record(delivery: ClaimedDelivery, outcome: DeliveryOutcome, leaseEndsAt: number): Promise<boolean> {
    const { records, clock, onError } = this.#parts
    for (;;) {
      try {
        return await records.record(delivery, outcome)
      } catch (thrown) {
        onError(thrown)
        if (clock.now() + RETRY_MS >= leaseEndsAt || this.#cut.signal.aborted) return false
        await sleep(clock, RETRY_MS, this.#cut.signal).catch(() => {})
      }
    }
  }
}

function factOf(delivery: ClaimedDelivery, { state, dueAt, attempt }: DeliveryOutcome, host: string): Tried {
  const outcome = attempt === null ? 'interrupted' : state === 'pending' ? 'retried' : state
  const { id: deliveryId, jobId, tenant, traceparent } = delivery
  const { durationMs = 0, status = null, error = null } = attempt ?? {}
  const tries = delivery.attempt + (attempt ? 1 : 0)
  const result = { outcome, durationMs, status, error, attempt: tries, nextAt: dueAt } as const
  return { type: 'webhook.tried', ...result, jobId, deliveryId, host, tenant, traceparent }
}
