import PQueue from 'p-queue'
import type { Clock, Timer } from '../base/clock.ts'
import { Roster } from '../base/roster.ts'
import type { Job, Lease } from '../job/job.ts'
import type { Resources } from '../job/resources.ts'
import type { WorkerRoom } from '../job/waiting.ts'
import { Admission } from './admission.ts'
import type { Claim, Dispatch, DispatchOptions } from './job-engine.ts'
import { Pace } from './pace.ts'
import type { JobEntry } from './record/job-row.ts'

/** A claim waits no longer than this for a slot that nobody is about to leave, in ms: another worker may have one. */
const PATIENCE_MS = 500

/** A claim from its round until its run has ended. */
export interface Held {
  /** Names its lease. */
  key: string
  claim: Claim
  /** When it was claimed, and once it has begun when that was, in ms since 1970. */
  since: number
  begun: boolean
  /** It is on its way back to the queue. */
  returning: boolean
  /** Its run has asked to settle it. Should that fail, the lease is still current. */
  settled: boolean
}

/** What a dispatch tells the engine. */
export interface DispatchOwner {
  clock: Clock
  /** A claim begins: its lease, which may count from now; undefined when it is no longer its own. */
  renew(lease: Lease, leaseMs: number): Lease | undefined | Promise<Lease | undefined>
  /** A run has ended. */
  ended(): void
  /** Takes claims back that have not begun, at no cost of an attempt. */
  giveBack(leases: readonly Lease[]): Promise<void>
  /** Resolves when no claim is under way that began before. */
  quiet(): Promise<void>
  onError(thrown: unknown): void
}

/**
 * One worker's dispatch. A claim replaces an attempt as soon as that has settled, in the same transaction, and p-queue
 * lets it begin when the run before it has ended, and one fsync serves a whole round. Where attempts are short, new jobs are
 * claimed before a slot is free: so at most `concurrency` run, as many may wait for runs that have settled, and as many
 * more {@link ahead}. Those that wait for too long are given back.
 */
export class SlotDispatch implements Dispatch {
  readonly options: DispatchOptions
  /** What its claims take of the worker, from their round until their runs have ended. */
  readonly admission: Admission
  readonly #run: (claim: Claim) => Promise<void>
  readonly #owner: DispatchOwner
  readonly #queue: PQueue
  readonly #held = new Roster<string, Held>()
  readonly #pace = new Pace()
  #impatience: Timer | undefined
  /** Slots for jobs whose claim is under way. */
  #kept = 0
  #stopping: Promise<void> | undefined

  constructor(options: DispatchOptions, run: (claim: Claim) => Promise<void>, owner: DispatchOwner) {
    this.options = options
    this.#run = run
    this.#owner = owner
    this.#queue = new PQueue({ concurrency: options.concurrency })
    this.admission = new Admission(options)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** How many more jobs may be claimed. */
  free(isCurrent: (held: Held) => boolean): number {
    if (this.#stopping) return 0
    let free = this.options.concurrency - this.#kept
    for (const held of this.#held.values()) if (!held.returning && (!held.settled || isCurrent(held))) free--
    return free
  }

  /** How many more jobs may be claimed that wait for a slot: as many as there are slots, where attempts are short. */
  get ahead(): number {
    return this.#pace.isQuick && !this.#stopping ? this.options.concurrency : 0
  }

  /** Keeps so many slots for jobs that are being claimed, and what those need as far as it is known; answers how to let go. */
  keep(slots: number, needs: readonly (Resources | null)[] = []): () => void {
    this.#kept += slots
    for (const each of needs) this.admission.take(each)
    return () => {
      this.#kept -= slots
      for (const each of needs) this.admission.release(each)
    }
  }

  begin({ job }: JobEntry): void {
    const lease = {
      jobId: job.id,
      attempt: job.attempt,
      token: job.token,
      worker: this.options.worker,
      expiresAt: job.leaseExpiresAt ?? 0,
    }
    const held = {
      key: keyOf(lease),
      claim: { job, lease },
      since: this.#owner.clock.now(),
      begun: false,
      returning: false,
      settled: false,
    }
    this.#held.set(held.key, held)
    this.admission.take(job.resources)
    // The only rejection is that of a claim which `stop` takes off the queue.
    this.#queue.add(() => this.#attempt(held)).catch(() => {})
    if (this.#held.size > this.options.concurrency) this.#waitForSlots()
  }

  /** The jobs of all claims that have not ended. */
  get jobs(): Job[] {
    return [...this.#held.values()].map(({ claim }) => claim.job)
  }

  /** The leases of claims that wait for the run before them to end. */
  get waiting(): Lease[] {
    return [...this.#held.values()].filter(({ begun }) => !begun).map(({ claim }) => claim.lease)
  }

  noteSettled(lease: Lease): void {
    const held = this.#held.get(keyOf(lease))
    if (held === undefined || !held.begun || held.settled) return
    held.settled = true
    this.#pace.note(this.#owner.clock.now() - held.since)
  }

  isWaiting({ job }: JobEntry): boolean {
    return this.#held.get(keyOf({ jobId: job.id, token: job.token }))?.begun === false
  }

  /** What the worker has to give; undefined once it takes no more. */
  get workerRoom(): WorkerRoom | undefined {
    if (this.#stopping) return undefined
    const { worker, concurrency, budget = null } = this.options
    return { worker, slots: concurrency, running: this.#held.size + this.#kept, budget, used: this.admission.used }
  }

  /** How many claims wait for slots that nobody is about to leave. */
  get #surplus(): number {
    let surplus = this.#held.size - this.options.concurrency
    for (const { settled, returning } of this.#held.values()) if (settled || returning) surplus--
    return surplus
  }

  /** The claims that wait for those, the last ones. */
  get #unserved(): Held[] {
    const surplus = this.#surplus
    if (surplus <= 0) return []
    return [...this.#held.values()].filter(({ begun, returning }) => !begun && !returning).slice(-surplus)
  }

  #waitForSlots(): void {
    if (this.#impatience !== undefined || this.#stopping) return
    const [first] = this.#unserved
    if (first === undefined) return
    const leftMs = Math.max(0, first.since + PATIENCE_MS - this.#owner.clock.now())
    this.#impatience = this.#owner.clock.setTimer(leftMs, () => {
      this.#impatience = undefined
      this.#giveUpWaiting().catch(this.#owner.onError)
      this.#waitForSlots()
    })
  }

  /** Attempts are not as short as they were: gives back what has waited for too long, the last claims first. */
  async #giveUpWaiting(): Promise<void> {
    const patient = this.#owner.clock.now() - PATIENCE_MS
    const overdue = this.#unserved.filter(({ since }) => since <= patient)
    if (overdue.length === 0) return
    this.#pace.forget()
    await this.#giveBack(overdue)
  }

  async #giveBack(held: readonly Held[]): Promise<void> {
    if (held.length === 0) return
    for (const each of held) each.returning = true
    try {
      await this.#owner.giveBack(held.map(({ claim }) => claim.lease))
      for (const each of held) this.#release(each)
    } catch (thrown) {
      for (const each of held) this.#stopping ? this.#release(each) : this.#waitOn(each)
      throw thrown
    } finally {
      this.#owner.ended()
    }
  }

  /** It may have been given back, or not: it asks before it begins. */
  #waitOn(held: Held): void {
    held.returning = false
    held.since = this.#owner.clock.now()
    held.claim = { ...held.claim, lease: { ...held.claim.lease, expiresAt: 0 } }
    this.#queue.add(() => this.#attempt(held)).catch(() => {})
    this.#waitForSlots()
  }

  async #attempt(held: Held): Promise<void> {
    const { job, lease } = held.claim
    if (held.begun || held.returning || this.#held.get(held.key) !== held) return
    held.begun = true
    held.since = this.#owner.clock.now()
    try {
      const current = await this.#owner.renew(lease, this.options.leaseMs)
      if (current) await this.#run({ job, lease: current })
    } catch (thrown) {
      this.#owner.onError(thrown)
    } finally {
      this.#release(held)
      this.#owner.ended()
    }
  }

  #release(held: Held): void {
    if (this.#held.get(held.key) !== held) return
    this.#held.delete(held.key)
    this.admission.release(held.claim.job.resources)
  }

  async #stop(): Promise<void> {
    this.#queue.pause()
    await this.#owner.quiet()
    this.#queue.clear()
    this.#impatience?.cancel()
    await this.#giveBack([...this.#held.values()].filter(({ begun }) => !begun))
    await this.#queue.onIdle()
  }
}

function keyOf({ jobId, token }: Pick<Lease, 'jobId' | 'token'>): string {
  return `${jobId}:${token}`
}
