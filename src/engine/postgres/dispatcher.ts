import type { Lease } from '../../job/job.ts'
import type { SlotDispatch } from '../slot-dispatch.ts'
import { type Claims, type ClaimWish, isLimited } from './claims.ts'
import type { StoredJob } from './job-entry.ts'

/** What the dispatcher needs of the engine. */
export interface DispatcherParts {
  claims: Claims
  now(): number
  /** Hears of jobs that were claimed, before they begin. */
  claimed(entries: readonly StoredJob[]): void
  /** Tells other workers that more is ready. */
  ring(): Promise<void>
  /** Tells all other replicas that something is ready that does not fit here. */
  tellOthers(): void
  /** Asks for a call of `fill`. */
  request(): void
}

/** Fills the free slots of this replica's dispatches. */
export class Dispatcher {
  readonly #parts: DispatcherParts
  readonly #dispatches = new Set<SlotDispatch>()
  /** A claim got no answer: jobs may be held in our name that nobody runs. */
  #isUnsure = false
  /** The bell is to be passed on if more is ready than fits. */
  #passesOn = false
  #filled: (() => void)[] = []
  /** The claims that are under way. */
  #filling: Promise<void> = Promise.resolve()
  #roomWaiters: (() => void)[] = []

  constructor(parts: DispatcherParts) {
    this.#parts = parts
  }

  add(dispatch: SlotDispatch): void {
    this.#dispatches.add(dispatch)
    this.#parts.request()
  }

  remove(dispatch: SlotDispatch): void {
    this.#dispatches.delete(dispatch)
    this.#wakeWaiters()
  }

  get all(): readonly SlotDispatch[] {
    return [...this.#dispatches]
  }

  /** Notes that an attempt is settled, or about to be, so that its slot is as good as free. */
  noteSettled(lease: Lease): void {
    for (const dispatch of this.#dispatches) dispatch.noteSettled(lease)
  }

  /** A run has ended. */
  ended(): void {
    this.#wakeWaiters()
    this.#parts.request()
  }

  /** Somebody rang: claims what fits, and resolves when there is room for more. Without a worker here others are told. */
  async answerBell(): Promise<void> {
    if (this.#dispatches.size === 0) return this.#parts.tellOthers()
    this.#passesOn = true
    await new Promise<void>((resolve) => {
      this.#filled.push(resolve)
      this.#parts.request()
    })
    while (this.#dispatches.size > 0 && !this.#hasRoom) {
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve))
    }
  }

  /** Claims for every free slot. */
  fill(): Promise<void> {
    const filling = this.#fill()
    this.#filling = filling.catch(() => {})
    return filling
  }

  /** Resolves when no claim is under way that began before. */
  quiet(): Promise<void> {
    return this.#filling
  }

  /** Claims no more and lets go whoever waits for it, for a stop. */
  release(): void {
    this.#dispatches.clear()
    for (const resolve of this.#filled.splice(0)) resolve()
    this.#wakeWaiters()
  }

  async #fill(): Promise<void> {
    const filled = this.#filled
    const passesOn = this.#passesOn
    this.#filled = []
    this.#passesOn = false
    try {
      if (this.#isUnsure) await this.#adopt()
      for (const dispatch of this.#dispatches) await this.#fillOne(dispatch, passesOn)
    } finally {
      for (const resolve of filled) resolve()
    }
  }

  get #hasRoom(): boolean {
    return this.all.some((dispatch) => freeOf(dispatch) > 0)
  }

  async #fillOne(dispatch: SlotDispatch, passesOn: boolean): Promise<void> {
    const count = freeOf(dispatch)
    if (count === 0) {
      // It got full while the bell was on its way, and keeps it until there is room.
      if (passesOn) this.#parts.tellOthers()
      return
    }
    const { worker, leaseMs, groupConcurrency: groupLimit } = dispatch.options
    const tenantLimits = dispatch.options.tenantConcurrency?.()
    const { admission } = dispatch
    const limits = { groupLimit, tenantLimits }
    const wish: ClaimWish = { worker, leaseMs, count, now: this.#parts.now(), limits, admission }
    const { entries, more } = await this.#claim(wish)
    this.#begin(dispatch, entries)
    // What does not fit here may fit elsewhere. Whoever hears of it does not tell others again, so that this has an end.
    if (more && entries.length < count && passesOn && this.#parts.claims.knowsSizes) this.#parts.tellOthers()
    // With a limit, an attempt that ends here may make room for a job that fits only elsewhere.
    if (more && entries.length >= count && (passesOn || isLimited(limits))) await this.#parts.ring()
  }

  async #claim(wish: ClaimWish): ReturnType<Claims['next']> {
    try {
      return await this.#parts.claims.next(wish)
    } catch (thrown) {
      this.#isUnsure = true
      throw thrown
    }
  }

  /** Takes up what was claimed by a statement whose answer was lost. */
  async #adopt(): Promise<void> {
    const known = this.all.flatMap(({ jobs }) => jobs.map(({ id }) => id))
    const workers = this.all.map(({ options }) => options.worker)
    const entries = await this.#parts.claims.unanswered(workers, known)
    for (const dispatch of this.#dispatches) {
      const own = entries.filter(({ job }) => job.worker === dispatch.options.worker)
      this.#begin(dispatch, own)
    }
    this.#isUnsure = false
  }

  #begin(dispatch: SlotDispatch, entries: readonly StoredJob[]): void {
    if (entries.length > 0) this.#parts.claimed(entries)
    for (const entry of entries) dispatch.begin(entry)
  }

  #wakeWaiters(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake()
  }
}

function freeOf(dispatch: SlotDispatch): number {
  return dispatch.free(() => false)
}
