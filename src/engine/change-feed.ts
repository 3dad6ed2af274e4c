import type { Clock, Timer } from '../base/clock.ts'
import type { Activity, JobGlance } from './activity.ts'

/** Changes are told this often at most, in ms: quick for an eye, and a hundred running jobs cost nothing. */
const PULSE_MS = 500

/** So many jobs are told of in one pulse, as many as a person may follow; of more it is only told that there were some. */
const MOST_TOLD = 100

/** What changed since the pulse before. */
export interface Pulse {
  /** Each job once, as it stands. */
  jobs: readonly JobGlance[]
  /** More changed than is told here. */
  more: boolean
}

/**
 * Lets any number of readers follow all jobs. However often a job changes, it is told twice a second at most; one who
 * reads slower than that is told the newest when it comes back. Nothing is heard while nobody reads.
 */
export class ChangeFeed {
  readonly #activity: Pick<Activity, 'watch'>
  readonly #clock: Clock
  readonly #readers = new Set<Reader>()
  #changed = new Changes()
  #timer: Timer | undefined
  #unwatch: (() => void) | undefined

  constructor(activity: Pick<Activity, 'watch'>, clock: Clock) {
    this.#activity = activity
    this.#clock = clock
  }

  /** What changes from now on, of one tenant or of all, until the signal aborts. */
  async *follow(tenant: string | null, signal: AbortSignal): AsyncGenerator<Pulse, void, void> {
    const reader = new Reader(tenant)
    const onAbort = (): void => reader.wake()
    signal.addEventListener('abort', onAbort)
    this.#add(reader)
    try {
      while (!signal.aborted) {
        const pulse = reader.take()
        if (pulse) yield pulse
        else await reader.next(signal)
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#remove(reader)
    }
  }

  #add(reader: Reader): void {
    this.#readers.add(reader)
    this.#unwatch ??= this.#activity.watch((job) => this.#hear(job))
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader)
    if (this.#readers.size > 0) return
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#timer?.cancel()
    this.#timer = undefined
    this.#changed = new Changes()
  }

  #hear(job: JobGlance | undefined): void {
    this.#changed.add(job)
    this.#timer ??= this.#clock.setTimer(PULSE_MS, () => this.#tell())
  }

  #tell(): void {
    this.#timer = undefined
    const changed = this.#changed
    this.#changed = new Changes()
    for (const reader of this.#readers) reader.hear(changed)
  }
}

/** The newest of each job that changed, a bounded number. */
class Changes {
  readonly jobs = new Map<string, JobGlance>()
  more = false

  add(job: JobGlance | undefined): void {
    if (job !== undefined && (this.jobs.size < MOST_TOLD || this.jobs.has(job.id))) this.jobs.set(job.id, job)
    else this.more = true
  }
}

/** One who follows, and what it has not read yet. */
class Reader {
  readonly #tenant: string | null
  #unread = new Changes()
  #wake: () => void = () => {}

  constructor(tenant: string | null) {
    this.#tenant = tenant
  }

  hear(changed: Changes): void {
    for (const job of changed.jobs.values())
      if (this.#tenant === null || job.tenant === this.#tenant) this.#unread.add(job)
    if (changed.more) this.#unread.add(undefined)
    this.wake()
  }

  take(): Pulse | undefined {
    const { jobs, more } = this.#unread
    if (jobs.size === 0 && !more) return undefined
    this.#unread = new Changes()
    return { jobs: [...jobs.values()], more }
  }

  wake(): void {
    this.#wake()
  }

  /** Resolves when there is something to read, or the signal has aborted. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (signal.aborted) resolve()
    })
  }
}
