import type { Lease } from '../../job/job.ts'
import type { JobEntry } from '../record/job-row.ts'
import type { Held, SlotDispatch } from '../slot-dispatch.ts'
import type { Attempts } from './attempts.ts'
import type { JobRecords } from './job-records.ts'
import type { Allowance, ReadyQueue } from './ready-queue.ts'

/** Fills the free slots of all dispatches of this process at the end of each round, in the round's own transaction. */
export class Dispatcher {
  readonly #records: JobRecords
  readonly #queue: ReadyQueue
  readonly #attempts: Attempts
  readonly #dispatches: SlotDispatch[] = []
  #claimed: { dispatch: SlotDispatch; entry: JobEntry }[] = []

  constructor(records: JobRecords, queue: ReadyQueue, attempts: Attempts) {
    this.#records = records
    this.#queue = queue
    this.#attempts = attempts
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

  /** Claims ready jobs for the free slots. The dispatch that is served first changes with every round. */
  fill(): void {
    if (this.#records.readyCount === 0) return
    for (const dispatch of this.#dispatches) this.#fillOne(dispatch)
    const first = this.#dispatches.length > 1 ? this.#dispatches.shift() : undefined
    if (first) this.#dispatches.push(first)
  }

  /** The claims are on disk: they may run. */
  committed(): void {
    const claimed = this.#claimed
    this.#claimed = []
    for (const { dispatch, entry } of claimed) dispatch.begin(entry)
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
    const allowance = this.#allowanceOf(dispatch)
    let free = dispatch.free(this.#isCurrent)
    while (free > 0 && this.#records.readyCount > 0) {
      const entries = this.#queue.next(free, allowance)
      if (entries.length === 0) return
      for (const entry of entries) this.#claim(dispatch, entry)
      free -= entries.length
    }
  }

  #claim(dispatch: SlotDispatch, ready: JobEntry): void {
    const entry = this.#attempts.claim(ready, dispatch.options.worker, dispatch.options.leaseMs)
    this.#claimed.push({ dispatch, entry })
  }

  readonly #isCurrent = (held: Held): boolean => this.#attempts.held(held.claim.lease) !== undefined

  #allowanceOf({ options }: SlotDispatch): Allowance {
    const limit = options.groupConcurrency
    if (limit === undefined) return () => Number.POSITIVE_INFINITY
    const running = this.#runningByGroup()
    return (group) => {
      if (group === '') return Number.POSITIVE_INFINITY
      const claimed = this.#claimed.filter(({ entry }) => entry.job.group === group).length
      return limit - claimed - (running.get(group) ?? 0)
    }
  }

  #runningByGroup(): Map<string, number> {
    const running = new Map<string, number>()
    for (const dispatch of this.#dispatches) dispatch.countGroups(running)
    return running
  }
}
