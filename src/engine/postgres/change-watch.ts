import type { Clock } from '../../base/clock.ts'
import type { ChangeListener } from '../activity.ts'
import type { JobReads } from './job-reads.ts'

/** Changes elsewhere are gathered for so long before the jobs are read, in ms. */
const GATHER_MS = 500

/** So many changed jobs are read at once; of more it is only told that there were some. */
const MOST_READ = 500

/** What watching takes. */
export interface ChangeWatchParts {
  reads: JobReads
  clock: Clock
  onError(thrown: unknown): void
}

/** Tells those who watch all jobs of changes at other replicas, a few times a second at most; reads nothing while nobody watches. */
export class ChangeWatch {
  readonly #parts: ChangeWatchParts
  readonly #watchers = new Set<ChangeListener>()
  #changed = new Set<string>()
  #isMore = false
  #timer: { cancel(): void } | undefined

  constructor(parts: ChangeWatchParts) {
    this.#parts = parts
  }

  add(listener: ChangeListener): () => void {
    const own: ChangeListener = (job) => listener(job)
    this.#watchers.add(own)
    return () => {
      this.#watchers.delete(own)
      if (this.#watchers.size === 0) this.stop()
    }
  }

  /** Hears which jobs another replica changed. */
  note(ids: readonly string[]): void {
    if (this.#watchers.size === 0) return
    for (const id of ids) {
      if (this.#changed.size < MOST_READ) this.#changed.add(id)
      else this.#isMore = true
    }
    this.#timer ??= this.#parts.clock.setTimer(GATHER_MS, () => {
      this.#timer = undefined
      this.#tell().catch(this.#parts.onError)
    })
  }

  /** Hears that changes may have been missed. */
  missSome(): void {
    for (const watcher of this.#watchers) watcher(undefined)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#changed.clear()
    this.#isMore = false
  }

  async #tell(): Promise<void> {
    const ids = [...this.#changed]
    const isMore = this.#isMore
    this.#changed = new Set()
    this.#isMore = false
    // Those that cannot be read are told as some that changed.
    const jobs = await this.#parts.reads.glances(ids).catch((thrown: unknown) => {
      this.#parts.onError(thrown)
      return []
    })
    for (const watcher of this.#watchers) for (const job of jobs) watcher(job)
    // A forgotten job is none to tell of, but a list of jobs is another one without it.
    if (isMore || jobs.length < ids.length) this.missSome()
  }
}
