import type { NewJob } from '../../job/job.ts'
import type { JobEntry } from '../record/job-row.ts'
import { type BirthClaim, birthClaim } from '../record/newborn.ts'
import type { SlotDispatch } from '../slot-dispatch.ts'

/** New jobs for which slots are free: each is claimed as it is inserted, so that its row is written once. */
export class Newborns {
  /** Whose slots they are. */
  readonly dispatch: SlotDispatch
  readonly #claim: BirthClaim
  readonly #entries: Map<NewJob, JobEntry | undefined>

  /** @param jobs in the order in which they are to begin */
  constructor(dispatch: SlotDispatch, now: number, jobs: readonly NewJob[]) {
    this.dispatch = dispatch
    this.#claim = birthClaim(dispatch.options, now)
    this.#entries = new Map(jobs.map((job) => [job, undefined]))
  }

  /** The claim of a job, if it is one of them. */
  claimOf(job: NewJob): BirthClaim | undefined {
    return this.#entries.has(job) ? this.#claim : undefined
  }

  /** One was inserted. */
  add(job: NewJob, entry: JobEntry): void {
    this.#entries.set(job, entry)
  }

  /** Those that were inserted; the others were known. */
  get entries(): JobEntry[] {
    return [...this.#entries.values()].filter((entry) => entry !== undefined)
  }
}
