import type { Lease, NewJob } from '../../job/job.ts'
import { fits, leftOf, type Resources } from '../../job/resources.ts'
import type { Admission, Size } from '../admission.ts'
import type { JobEntry } from '../record/job-row.ts'
import { claimableAtBirth } from '../record/newborn.ts'
import { PHASE } from '../record/phase.ts'
import { isLimited, runningLimits } from '../running-limits.ts'
import type { Held, SlotDispatch } from '../slot-dispatch.ts'
import { Allowances } from './allowances.ts'
import type { Attempts } from './attempts.ts'
import type { JobRecords } from './job-records.ts'
import { Newborns } from './newborns.ts'
import type { ReadyQueue } from './ready-queue.ts'
import type { ReadySizes } from './ready-sizes.ts'

/** One dispatch's share of a round. */
interface Fill {
  readonly admission: Admission
  readonly allowance: Allowances
  /** The sizes of ready jobs. */
  readonly sizes: readonly Size[]
  /** Slots that are left. */
  slots: number
  /** What is left of the budget. */
  room: Resources
}

/**
 * Fills the free slots of all dispatches of this process, in the transaction of each round: with new jobs as they are
 * inserted, where nothing else is ready, and at the end of the round with what is ready.
 */
export class Dispatcher {
  readonly #records: JobRecords
  readonly #queue: ReadyQueue
  readonly #sizes: ReadySizes
  readonly #attempts: Attempts
  readonly #now: () => number
  readonly #dispatches: SlotDispatch[] = []
  #claimed: { dispatch: SlotDispatch; entry: JobEntry }[] = []

  constructor(records: JobRecords, queue: ReadyQueue, sizes: ReadySizes, attempts: Attempts, now: () => number) {
    this.#records = records
    this.#queue = queue
    this.#sizes = sizes
    this.#attempts = attempts
    this.#now = now
  }

  add(dispatch: SlotDispatch): void {
    this.#dispatches.push(dispatch)
  }

  remove(dispatch: SlotDispatch): void {
    const index = this.#dispatches.indexOf(dispatch)
    if (index >= 0) this.#dispatches.splice(index, 1)
  }

  /** The dispatches that may still claim. */
  get all(): readonly SlotDispatch[] {
    return [...this.#dispatches]
  }

  /** Whether a ready job could be claimed. */
  wantsFill(): boolean {
    return this.#records.readyCount > 0 && this.#dispatches.some((dispatch) => dispatch.free(this.#isCurrent) > 0)
  }

  /**
   * Those new jobs that a claim right after their insert would take; undefined when there are none. They must be all that
   * the round inserts from here on.
   */
  newborns(submitted: readonly NewJob[]): Newborns | undefined {
    if (this.#records.readyCount > 0) return undefined
    const left = this.#dispatches.map((dispatch) => ({ dispatch, ...this.#leftOf(dispatch) }))
    const first = left.find(({ slots }) => slots > 0)
    if (first === undefined) return undefined
    const { dispatch, slots, room } = first
    const now = this.#now()
    const due = submitted.filter(({ runAt }) => runAt <= now)
    const jobs = claimableAtBirth(due, { slots, room, isLimited: isLimited(runningLimits(dispatch.options)) })
    return jobs.length > 0 ? new Newborns(dispatch, now, jobs) : undefined
  }

  /** They are inserted. */
  begin({ dispatch, entries }: Newborns): void {
    for (const entry of entries) this.#noteClaimed(dispatch, entry)
  }

  /** Claims ready jobs for the free slots. */
  fill(): void {
    if (this.#records.readyCount === 0) return
    for (const dispatch of this.#dispatches) this.#fillOne(dispatch)
  }

  /** The claims are on disk: they may run. The dispatch that was served first is the last in the next round with claims. */
  committed(): void {
    const claimed = this.#claimed
    if (claimed.length === 0) return
    this.#claimed = []
    for (const { dispatch, entry } of claimed) dispatch.begin(entry)
    const first = this.#dispatches.length > 1 ? this.#dispatches.shift() : undefined
    if (first) this.#dispatches.push(first)
  }

  rolledBack(): void {
    this.#claimed = []
  }

  /** Notes that a run has settled its attempt, so that its slot is as good as free. */
  noteSettled(lease: Lease): void {
    for (const dispatch of this.#dispatches) dispatch.noteSettled(lease)
  }

  /** Whether a claim waits for the run before it to end; such a lease does not run out. */
  isWaiting(entry: JobEntry): boolean {
    return this.#dispatches.some((dispatch) => dispatch.isWaiting(entry))
  }

  #fillOne(dispatch: SlotDispatch): void {
    const left = this.#leftOf(dispatch)
    if (left.slots <= 0) return
    const allowance = this.#allowanceOf(dispatch)
    const fill = { admission: dispatch.admission, allowance, sizes: this.#sizes.read(), ...left }
    while (fill.slots > 0 && this.#records.readyCount > 0) {
      const entries = this.#nextOf(fill)
      if (entries.length === 0) return
      for (const entry of entries) {
        allowance.take(entry.job)
        this.#claim(dispatch, entry)
      }
    }
  }

  /** The next jobs that are admitted; what they take is no longer free. */
  #nextOf(fill: Fill): JobEntry[] {
    const { admission, room, sizes, allowance, slots } = fill
    const { fitting, blocked } = admission.sort(sizes, room)
    const large = blocked.length > 0 || admission.reserved !== undefined ? this.#reservedFor(fill, blocked) : undefined
    const next = { count: slots, allowance, sizes: fitting.map(({ key }) => key), above: large?.job.priority }
    const entries = this.#queue.next(next)
    if (entries.length > 0 || large === undefined || !fits(large.job.resources, room)) return admitted(entries, fill)
    admission.endReservation()
    return admitted([large], fill)
  }

  /** The job that room is kept for, if it still waits and nothing but room keeps it from running. */
  #reservedFor({ admission, allowance }: Fill, blocked: readonly Size[]): JobEntry | undefined {
    if (admission.reserved !== undefined) {
      const entry = this.#records.ready(admission.reserved)
      if (entry?.phase === PHASE.ready && fits(entry.job.resources, admission.budget)) {
        return allowance.admits(entry.job.group ?? '') ? entry : undefined
      }
      admission.endReservation()
    }
    const [first] = this.#queue.next({ count: 1, allowance, sizes: blocked.map(({ key }) => key) })
    return first && admission.isDueForReservation(first.num, this.#now()) ? first : undefined
  }

  #claim(dispatch: SlotDispatch, ready: JobEntry): void {
    this.#noteClaimed(dispatch, this.#attempts.claim(ready, dispatch.options.worker, dispatch.options.leaseMs))
  }

  #noteClaimed(dispatch: SlotDispatch, entry: JobEntry): void {
    this.#queue.served(entry)
    this.#claimed.push({ dispatch, entry })
  }

  /** What a dispatch has free, without what it has claimed in this round. */
  #leftOf(dispatch: SlotDispatch): Pick<Fill, 'slots' | 'room'> {
    const own = this.#claimed.filter((claimed) => claimed.dispatch === dispatch)
    const room = own.reduce((left, { entry }) => leftOf(left, entry.job.resources), dispatch.admission.room)
    return { slots: dispatch.free(this.#isCurrent) - own.length, room }
  }

  readonly #isCurrent = (held: Held): boolean => this.#attempts.held(held.claim.lease) !== undefined

  #allowanceOf({ options }: SlotDispatch): Allowances {
    return new Allowances(runningLimits(options), () => [
      ...this.#dispatches.flatMap(({ jobs }) => jobs),
      ...this.#claimed.map(({ entry }) => entry.job),
    ])
  }
}

/** The first of them, as many as there is room for together; the room is taken. */
function admitted(entries: readonly JobEntry[], fill: Fill): JobEntry[] {
  const taken: JobEntry[] = []
  for (const entry of entries) {
    if (!fits(entry.job.resources, fill.room)) break
    fill.room = leftOf(fill.room, entry.job.resources)
    taken.push(entry)
  }
  fill.slots -= taken.length
  return taken
}
