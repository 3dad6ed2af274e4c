import { LongshoreError } from '../../base/errors.ts'
import type { Job, NewJob } from '../../job/job.ts'
import type { QueueLimits } from '../job-engine.ts'
import type { GroupCommit } from './group-commit.ts'
import { insertJob, insertJobs, type Kept, type Submit, type Submitted } from './people.ts'

/** A submit that waits for its round. */
interface Waiting extends Submit {
  resolve(answer: { job: Job; replayed: boolean }): void
  reject(thrown: unknown): void
}

/** Submits of one turn of the event loop are one write of the group commit, so that they share statements. */
export class JobSubmits {
  readonly #kept: Kept
  readonly #commit: GroupCommit
  readonly #waiting: Waiting[] = []

  constructor(kept: Kept, commit: GroupCommit) {
    this.#kept = kept
    this.#commit = commit
  }

  /** Resolves once the job is on disk. */
  submit(submitted: NewJob, limits: QueueLimits | undefined): Promise<{ job: Job; replayed: boolean }> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ submitted, limits, resolve, reject })
      if (this.#waiting.length === 1) this.#writeAll()
    })
  }

  #writeAll(): void {
    let taken: Waiting[] | undefined
    const submits = (): Waiting[] => {
      taken ??= this.#waiting.splice(0)
      return taken
    }
    this.#commit
      .write(() => insertJobs(this.#kept, submits()))
      .then(
        (answers) => settleAll(submits(), answers),
        (thrown) => this.#writeEach(submits(), thrown),
      )
  }

  /** What failed together is tried again one by one: one alone may be at fault. */
  #writeEach(submits: readonly Waiting[], thrown: unknown): void {
    if (submits.length === 1) submits[0]?.reject(thrown)
    else for (const submit of submits) this.#writeOne(submit)
  }

  #writeOne({ submitted, limits, resolve, reject }: Waiting): void {
    this.#commit.write(() => insertJob(this.#kept, submitted, limits)).then(resolve, reject)
  }
}

function settleAll(submits: readonly Waiting[], answers: readonly Submitted[]): void {
  for (const [i, answer] of answers.entries()) {
    if (answer instanceof LongshoreError) submits[i]?.reject(answer)
    else submits[i]?.resolve(answer)
  }
}
