import type { Lease, NewJob } from '../../job/job.ts'
import { NO_RESOURCES } from '../../job/resources.ts'
import { type BirthClaim, birthClaim, claimableAtBirth } from '../record/newborn.ts'
import { isLimited, runningLimits } from '../running-limits.ts'
import type { SlotDispatch } from '../slot-dispatch.ts'
import type { Claims, ClaimWish } from './claims.ts'
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

/** Free slots that are kept for jobs on their way into the database. */
export interface KeptSlots {
  readonly claim: BirthClaim
  /** The jobs that may be claimed as they are inserted, in the order of a claim. */
  readonly jobs: ReadonlySet<NewJob>
  /** Lets the slots go and begins those jobs that were claimed. */
  begin(claimed: readonly StoredJob[]): void
  /** The statement failed: jobs may be held here that nobody runs. */
  fail(): void
}

/** Fills the free slots of this replica's dispatches. */
export class Dispatcher {
  readonly #parts: DispatcherParts
  readonly #dispatches = new Set<SlotDispatch>()
  /** A claim got no answer: jobs may be held in our name that nobody runs. */
  #isUnsure = false
  /** The bell is to be passed on if more is ready than fits. */
  #passesOn = false
  /** How often it was heard that something is ready, and how often when it was last seen that nothing is. */
  #heardOfReady = 1
  #heardWhenNothing = 0
  /** The last claim left what fits no slot here. */
  #leavesSome = false
  /** Inserts under way that claim. */
  readonly #births = new Set<Promise<void>>()
  /** Whose claim is under way. */
  #claiming: SlotDispatch | undefined
  #filled: (() => void)[] = []
  /** The claims that are under way. */
  #filling: Promise<void> = Promise.resolve()
  #roomWaiters: (() => void)[] = []

  constructor(parts: DispatcherParts) {
    this.#parts = parts
  }

  add(dispatch: SlotDispatch): void {
    this.#dispatches.add(dispatch)
    this.noteReady()
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

  /** Something may be ready: the next round looks. */
  noteReady(): void {
    this.#heardOfReady += 1
    this.#parts.request()
  }

  /**
   * The claim that may take all that is ready, so that new jobs need none of their own; undefined when none is to come, or
   * not worth waiting for.
   */
  get emptying(): Promise<void> | undefined {
    const isEmpty = this.#heardWhenNothing === this.#heardOfReady
    if (isEmpty || this.#isUnsure || this.#leavesSome || !this.all.some(isEmptying)) return undefined
    return this.#claiming ? this.#filling : this.#nextFill()
  }

  /** Keeps free slots for those of the jobs, all of which are due, that may be claimed with their insert. */
  keepSlots(due: readonly NewJob[], now: number): KeptSlots | undefined {
    if (this.#isUnsure || due.length === 0) return undefined
    const dispatch = this.all.find((each) => freeOf(each) > 0) ?? this.all.find((each) => roomAtBirth(each) > 0)
    if (dispatch === undefined) return undefined
    const { admission, options } = dispatch
    // What a claim under way takes of the worker is not known before its answer.
    const room = dispatch === this.#claiming ? NO_RESOURCES : admission.room
    const free = { slots: roomAtBirth(dispatch), room, isLimited: isLimited(runningLimits(options)) }
    const jobs = claimableAtBirth(due, free)
    if (jobs.length === 0) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    const needs = jobs.map(({ resources = null }) => resources)
    const letGo = dispatch.keep(jobs.length, needs)
    const end = (): void => {
      letGo()
      this.#births.delete(promise)
      resolve()
    }
    this.#births.add(promise)
    return {
      claim: birthClaim(options, now),
      jobs: new Set(jobs),
      begin: (claimed) => {
        end()
        this.#parts.claims.served(claimed)
        this.#begin(dispatch, claimed)
        if (claimed.length < jobs.length) this.ended()
      },
      fail: () => {
        this.#isUnsure = true
        end()
        this.#parts.request()
      },
    }
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
    this.#heardOfReady += 1
    await this.#nextFill()
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
  async quiet(): Promise<void> {
    await Promise.all([this.#filling, ...this.#births])
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
      // Slots that were kept for what there was not are free again.
      this.#wakeWaiters()
    }
  }

  #nextFill(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#filled.push(resolve)
      this.#parts.request()
    })
  }

  get #hasRoom(): boolean {
    return this.all.some((dispatch) => freeOf(dispatch) > 0)
  }

  async #fillOne(dispatch: SlotDispatch, passesOn: boolean): Promise<void> {
    if (this.#heardWhenNothing === this.#heardOfReady && !passesOn) return
    const count = freeOf(dispatch)
    if (count <= 0) {
      // It got full while the bell was on its way, and keeps it until there is room.
      if (passesOn) this.#parts.tellOthers()
      return
    }
    const { worker, leaseMs } = dispatch.options
    const { admission } = dispatch
    const limits = runningLimits(dispatch.options)
    const heard = this.#heardOfReady
    const wish: ClaimWish = { worker, leaseMs, count, now: this.#parts.now(), limits, admission }
    const letGo = dispatch.keep(count)
    this.#claiming = dispatch
    const { entries, more } = await this.#claim(wish).finally(() => {
      this.#claiming = undefined
      letGo()
    })
    if (!more) this.#heardWhenNothing = heard
    this.#leavesSome = more && entries.length < count
    this.#begin(dispatch, entries)
    // What does not fit here may fit elsewhere. Whoever hears of it does not tell others again, so that this has an end.
    if (this.#leavesSome && passesOn && this.#parts.claims.knowsSizes) this.#parts.tellOthers()
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
    await Promise.all(this.#births)
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

/** Whether it keeps up with what is ready: its attempts are short, slots are free, and its claims wait for nobody. */
function isEmptying(dispatch: SlotDispatch): boolean {
  return dispatch.ahead > 0 && freeOf(dispatch) > 0 && !isLimited(runningLimits(dispatch.options))
}

/** How many new jobs may be claimed with their insert. */
function roomAtBirth(dispatch: SlotDispatch): number {
  return freeOf(dispatch) + dispatch.ahead
}
