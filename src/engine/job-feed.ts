import type { Clock } from '../base/clock.ts'
import type { JobEvent } from '../job/event.ts'
import { isFinal, type Job } from '../job/job.ts'
import type { JobEngine } from './job-engine.ts'

/** Events are read back from the engine in pages of this many. */
const REPLAY_PAGE = 500

/** A reader that is more events behind than this reads them from disk. */
const LIVE_EVENTS = 100

/** Lets readers wait for single jobs and follow them. */
export class JobFeed {
  readonly #engine: JobEngine
  readonly #clock: Clock

  constructor(engine: JobEngine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  /**
   * The job as soon as it is newer than `version` or final; after `waitMs`, or when the signal aborts, as it is then.
   * Undefined when there is no such job.
   */
  async waitForChange(id: string, version: number, waitMs: number, signal?: AbortSignal): Promise<Job | undefined> {
    const heard = Promise.withResolvers<Job | undefined>()
    const isNews = (job: Job): boolean => job.version > version || isFinal(job.state)
    const unhear = this.#engine.subscribe((_event, job) => isNews(job) && heard.resolve(job), id)
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

  /**
   * Every event of a job after `seq`: what was missed from disk, then live, until the final one or the signal. A reader
   * that lags behind is given what it missed from disk again, so a slow one holds at most {@link LIVE_EVENTS} in memory.
   */
  async *follow(id: string, seq: number, signal: AbortSignal): AsyncGenerator<JobEvent, void, void> {
    const live = new LiveEvents()
    const unhear = this.#engine.subscribe((event) => live.push(event), id)
    const onAbort = (): void => live.wake()
    signal.addEventListener('abort', onAbort)
    try {
      let last = seq
      while (!signal.aborted) {
        const isFromDisk = live.isBehind
        const events = isFromDisk ? await this.#catchUp(id, last, live) : live.take()
        for (const event of events) {
          if (signal.aborted) return
          if (event.seq <= last) continue
          // Of what happens at other replicas some may not be heard here; all of it is on disk.
          if (!isFromDisk && event.seq > last + 1) live.fallBehind()
          if (!isFromDisk && live.isBehind) break
          yield event
          last = event.seq
        }
        if (live.isBehind || live.size > 0) continue
        if (events.length === 0 || events.some(({ state }) => isFinal(state))) {
          const job = await this.#engine.get(id)
          if (job === undefined || (isFinal(job.state) && last >= job.version)) return
        }
        await live.next(signal)
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      unhear()
    }
  }

  /** One page from disk. What happens from now on is heard live, unless there is another page. */
  async #catchUp(id: string, last: number, live: LiveEvents): Promise<JobEvent[]> {
    live.catchUp()
    const page = await this.#engine.since(id, last, REPLAY_PAGE)
    if (page.length === REPLAY_PAGE) live.fallBehind()
    return page
  }
}

/** The events one reader has heard and not read yet, a bounded number. */
class LiveEvents {
  #events: JobEvent[] = []
  #wake: () => void = () => {}
  /** Events are missing here that are on disk. */
  isBehind = true

  get size(): number {
    return this.#events.length
  }

  push(event: JobEvent): void {
    if (this.#events.length >= LIVE_EVENTS) this.fallBehind()
    if (!this.isBehind) this.#events.push(event)
    this.wake()
  }

  take(): JobEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  fallBehind(): void {
    this.isBehind = true
    this.#events = []
  }

  /** From now on events are kept. */
  catchUp(): void {
    this.isBehind = false
  }

  wake(): void {
    this.#wake()
  }

  /** Resolves when there is something to read, or the signal has aborted. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (this.size > 0 || this.isBehind || signal.aborted) resolve()
    })
  }
}
