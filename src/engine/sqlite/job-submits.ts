import { LongshoreError } from '../../base/errors.ts'
import type { Job, NewJob } from '../../job/job.ts'
import type { QueueLimits } from '../job-engine.ts'
import { type GroupCommit, type RoundWrite, Write } from './group-commit.ts'
import { insertJob, insertJobs, type Kept, type Submit, type Submitted } from './people.ts'

/** A submit that waits for its round. */
interface WaitingSubmit extends Submit {
  resolve(answer: { job: Job; replayed: boolean }): void
  reject(thrown: unknown): void
}

/**
 * Submits that come into the same round are one write of the group commit, so that they share statements. It comes after
 * those that settle attempts: new jobs may have their slots.
 */
export class JobSubmits {
  readonly #kept: Kept
  readonly #commit: GroupCommit
  #next: SubmitsOfOneRound | undefined

  constructor(kept: Kept, commit: GroupCommit) {
    this.#kept = kept
    this.#commit = commit
  }

  /** Resolves once the job is on disk. */
  submit(submitted: NewJob, limits: QueueLimits | undefined): Promise<{ job: Job; replayed: boolean }> {
    return new Promise((resolve, reject) => {
      const submit = { submitted, limits, resolve, reject }
      if (this.#next?.isOpen) this.#join(this.#next, submit)
      else this.#open(submit)
    })
  }

  #open(first: WaitingSubmit): void {
    this.#next = new SubmitsOfOneRound(this.#kept, first)
    this.#commit.addLast(this.#next)
  }

  #join(next: SubmitsOfOneRound, submit: WaitingSubmit): void {
    next.push(submit)
    this.#commit.request()
  }
}

class SubmitsOfOneRound implements RoundWrite {
  readonly #kept: Kept
  readonly #submits: WaitingSubmit[]
  #answers: readonly Submitted[] = []
  #isOpen = true

  constructor(kept: Kept, first: WaitingSubmit) {
    this.#kept = kept
    this.#submits = [first]
  }

  /** Whether more may join: until its round. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  push(submit: WaitingSubmit): void {
    this.#submits.push(submit)
  }

  split(): readonly RoundWrite[] {
    this.#isOpen = false
    return this.#submits.map(({ submitted, limits, resolve, reject }) => {
      return new Write(() => insertJob(this.#kept, submitted, limits), resolve, reject)
    })
  }

  apply(): void {
    this.#isOpen = false
    this.#answers = insertJobs(this.#kept, this.#submits)
  }

  settle(): void {
    for (const [i, { resolve, reject }] of this.#submits.entries()) {
      const answer = this.#answers[i]
      if (answer === undefined || answer instanceof LongshoreError) reject(answer)
      else resolve(answer)
    }
  }

  reject(thrown: unknown): void {
    this.#isOpen = false
    for (const { reject } of this.#submits) reject(thrown)
  }
}
