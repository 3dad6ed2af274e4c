import type { JobEvent } from '../job/event.ts'
import type { Job } from '../job/job.ts'
import type { JobListener } from './job-engine.ts'

/** Who listens to an engine: to everything, or to single jobs. */
export class Listeners {
  readonly #all = new Set<JobListener>()
  readonly #byJob = new Map<string, Set<JobListener>>()
  readonly #onError: (thrown: unknown) => void

  constructor(onError: (thrown: unknown) => void) {
    this.#onError = onError
  }

  /** Adds a listener to everything, or to one job; answers how to stop listening. */
  add(listener: JobListener, jobId?: string): () => void {
    if (jobId === undefined) {
      this.#all.add(listener)
      return () => this.#all.delete(listener)
    }
    const ofJob = this.#byJob.get(jobId) ?? new Set()
    this.#byJob.set(jobId, ofJob.add(listener))
    return () => {
      ofJob.delete(listener)
      if (ofJob.size === 0 && this.#byJob.get(jobId) === ofJob) this.#byJob.delete(jobId)
    }
  }

  /** Whether somebody listens to this very job. */
  follows(jobId: string): boolean {
    return this.#byJob.has(jobId)
  }

  /** The jobs that somebody listens to. */
  get followed(): string[] {
    return [...this.#byJob.keys()]
  }

  /** Tells those who listen to everything and those who listen to the job. */
  tell(event: JobEvent, job: Job): void {
    for (const listener of this.#all) this.#call(listener, event, job)
    if (this.#byJob.size > 0) this.tellFollowers(event, job)
  }

  /** Tells those alone who listen to the job. */
  tellFollowers(event: JobEvent, job: Job): void {
    for (const listener of this.#byJob.get(event.jobId) ?? []) this.#call(listener, event, job)
  }

  #call(listener: JobListener, event: JobEvent, job: Job): void {
    try {
      listener(event, job)
    } catch (thrown) {
      this.#onError(thrown)
    }
  }
}
