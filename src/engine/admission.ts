import { fits, leftOf, NO_RESOURCES, type Resources, sumOf } from '../job/resources.ts'

/** What jobs need that need the same. */
export interface Size {
  /** As the column has it. */
  key: string
  needs: Resources | null
}

/** What a worker has for its attempts. */
export interface AdmissionOptions {
  /** All of it; no limit when absent. */
  budget?: Resources | undefined
  /** So long jobs of other sizes may run before one that fits the budget but not what is free of it, in ms. */
  reserveAfterMs?: number | undefined
}

/** How sizes stand to a worker. */
export interface SortedSizes {
  /** They fit what is free. */
  fitting: Size[]
  /** They fit the budget, but not what is free of it. Those that do not even fit the budget are left to other workers. */
  blocked: Size[]
}

/** How many blocked jobs are remembered: one for each group whose turn it is. */
const MOST_REMEMBERED = 1_000

const UNLIMITED: Resources = { cpu: Infinity, memoryBytes: Infinity, scratchBytes: Infinity }

/**
 * What a worker may take: jobs that fit what is free of its budget. A large job that fits only the whole of it is passed
 * over for a while; then the worker reserves for it and takes nothing behind it until it fits. So small jobs fill the gaps,
 * and no job that fits the budget waits for ever.
 */
export class Admission {
  readonly budget: Resources
  readonly #reserveAfterMs: number
  #used: Resources = NO_RESOURCES
  #reserved: number | undefined
  /** When each blocked job was first in the way, by number. */
  readonly #since = new Map<number, number>()

  constructor({ budget = UNLIMITED, reserveAfterMs = 30_000 }: AdmissionOptions) {
    this.budget = budget
    this.#reserveAfterMs = reserveAfterMs
  }

  /** What is taken by attempts that have not ended. */
  get used(): Resources {
    return this.#used
  }

  /** What is free. */
  get room(): Resources {
    return this.#used === NO_RESOURCES ? this.budget : leftOf(this.budget, this.#used)
  }

  /** An attempt takes what it needs, until {@link release}. */
  take(needs: Resources | null): void {
    this.#used = sumOf(this.#used, needs)
  }

  release(needs: Resources | null): void {
    this.#used = leftOf(this.#used, needs)
  }

  /** Which sizes fit into `room`. */
  sort(sizes: readonly Size[], room: Resources): SortedSizes {
    const fitting = sizes.filter(({ needs }) => fits(needs, room))
    if (fitting.length === sizes.length) return { fitting, blocked: [] }
    return { fitting, blocked: sizes.filter(({ needs }) => !fits(needs, room) && fits(needs, this.budget)) }
  }

  /** The number of the job that room is kept for. */
  get reserved(): number | undefined {
    return this.#reserved
  }

  /** A job is the first of the blocked ones. Answers whether it has been for long enough that room is kept for it now. */
  isDueForReservation(num: number, now: number): boolean {
    const since = this.#since.get(num) ?? now
    if (!this.#since.has(num)) this.#remember(num, now)
    if (now - since < this.#reserveAfterMs) return false
    this.#reserved = num
    return true
  }

  /** The job runs, or nobody waits for it any more. Others wait anew, so that between two large jobs small ones get their turn. */
  endReservation(): void {
    this.#reserved = undefined
    this.#since.clear()
  }

  #remember(num: number, now: number): void {
    const [oldest] = this.#since.keys()
    if (this.#since.size >= MOST_REMEMBERED && oldest !== undefined) this.#since.delete(oldest)
    this.#since.set(num, now)
  }
}
