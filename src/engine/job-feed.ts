import type { Clock } from '../base/clock.ts'
import type { JobEvent } from '../job/event.ts'
import { isFinal, type Job } from '../job/job.ts'
import type { JobEngine } from './job-engine.ts'

/** Events are read back from the engine in pages of this many. */
const REPLAY_PAGE = 500

type Hearer = (event: JobEvent, job: Job) => void

/** Lets many readers follow single jobs over one subscription to the engine. */
export class JobFeed {
  readonly #engine: JobEngine
  readonly #clock: Clock
  readonly #hearers = new Map<string, Set<Hearer>>()
  #unsubscribe: (() => void) | undefined

  constructor(engine: JobEngine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= this.#engine.subscribe((event, job) => {
      for (const hear of this.#hearers.get(event.jobId) ?? []) hear(event, job)
    })
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  /**
   * The job as soon as it is newer than `version` or final; after `waitMs`, or when the signal aborts, as it is then.
   * Undefined when there is no such job.
   */
  async waitForChange(id: string, version: number, waitMs: number, signal?: AbortSignal): Promise<Job | undefined> {
    const heard = Promise.withResolvers<Job | undefined>()
    const isNews = (job: Job): boolean => job.version > version || isFinal(job.state)
    const unhear = this.#hear(id, (_event, job) => isNews(job) && heard.resolve(job))
    const giveUp = (): void => heard.resolve(undefined)
    const timer = this.#clock.setTimer(waitMs, giveUp)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      const job = await this.#engine.get(id)
      if (job === undefined || isNews(job) || signal?.aborted) return job
      return (await heard.promise) ?? (await this.#engine.get(id))
    } finally {
      timer.cancel()
      signal?.removeEventListener('abort', giveUp)
      unhear()
    }
  }

  /** The job once it is final; after `waitMs`, or when the signal aborts, as it is then. */
  async waitForEnd(id: string, waitMs: number, signal?: AbortSignal): Promise<Job | undefined> {
    const deadline = this.#clock.now() + waitMs
    let job = await this.#engine.get(id)
    while (job !== undefined && !isFinal(job.state) && !signal?.aborted && this.#clock.now() < deadline) {
      job = await this.waitForChange(id, job.version, deadline - this.#clock.now(), signal)
    }
    return job
  }

  /** Every event of a job after `seq`: what was missed from disk, then live, until the final one or the signal. */
  async *follow(id: string, seq: number, signal: AbortSignal): AsyncGenerator<JobEvent, void, void> {
    const live: JobEvent[] = []
    let wake = (): void => {}
    const unhear = this.#hear(id, (event) => {
      live.push(event)
      wake()
    })
    const onAbort = (): void => wake()
    signal.addEventListener('abort', onAbort)
    try {
      let last = seq
      for (let page = await this.#engine.since(id, last, REPLAY_PAGE); page.length > 0; ) {
        for (const event of page) {
          yield event
          last = event.seq
        }
        page = await this.#engine.since(id, last, REPLAY_PAGE)
      }
      let job = await this.#engine.get(id)
      while (!signal.aborted && job !== undefined) {
        const event = live.shift()
        if (event !== undefined && event.seq > last) {
          yield event
          last = event.seq
          if (isFinal(event.state)) return
        } else if (event === undefined) {
          if (isFinal(job.state) && last >= job.version) return
          await new Promise<void>((resolve) => {
            wake = resolve
            if (live.length > 0 || signal.aborted) resolve()
          })
          job = await this.#engine.get(id)
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      unhear()
    }
  }

  #hear(id: string, hearer: Hearer): () => void {
    const hearers = this.#hearers.get(id) ?? new Set()
    this.#hearers.set(id, hearers.add(hearer))
    return () => {
      hearers.delete(hearer)
      if (hearers.size === 0 && this.#hearers.get(id) === hearers) this.#hearers.delete(id)
    }
  }
}
