import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Component } from '../base/lifecycle.ts'
import { DueTimer } from '../engine/due-timer.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Schedule, ScheduleRecords } from '../engine/schedule-records.ts'
import { isFinal } from '../job/job.ts'
import { type Decision, decide, giveUp, type MakeJob } from './decide.ts'

/** Schedules that fire by one transaction: some 20 ms of work. */
const BATCH = 100

/** While a tick is awaited, the clock is looked at this often, should somebody set it; in ms. */
const LONGEST_NAP_MS = 60_000

/** After a tick could not be written, or its job found no room in the queue, it is tried again; in ms. */
const RETRY_MS = 5_000

/** Hears what came of a schedule's ticks, once it is written. Must not throw. */
export type HearTicks = (schedule: Schedule, outcome: Pick<Decision, 'fired' | 'skipped' | 'replaced'>) => void

/** What firing stands on. */
export interface SchedulerParts {
  records: ScheduleRecords
  jobs: Pick<JobManager, 'find' | 'cancel' | 'room'>
  makeJob: MakeJob
  clock: Clock
  told: HearTicks
  onError(thrown: unknown): void
}

/**
 * Fires schedules: one timer to the earliest tick of all, none while there is no schedule. Several may run beside each
 * other; of those that decide on one tick, one writes.
 */
export class Scheduler implements Component {
  readonly #parts: SchedulerParts
  readonly #timer: DueTimer
  #round: Promise<number | null> = Promise.resolve(null)
  #isStopped = false

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#timer = new DueTimer(parts.clock, () => this.#next(), { longestNapMs: LONGEST_NAP_MS, retryMs: RETRY_MS })
  }

  async start(): Promise<void> {
    const { records } = this.#parts
    records.onDue((tick) => this.#timer.arm(tick))
    const tick = await records.nextTick()
    if (tick !== null) this.#timer.arm(tick)
  }

  /** Ends after the transaction that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer.stop()
    await this.#round.catch(() => {})
  }

  /** One round after the other. */
  #next(): Promise<number | null> {
    this.#round = this.#round.catch(() => null).then(() => this.#fire())
    return this.#round
  }

  /** Fires what is due; answers when the next one is. */
  async #fire(): Promise<number | null> {
    const { records, clock, onError } = this.#parts
    try {
      for (let isMore = true; isMore && !this.#isStopped; ) {
        const due = await records.due(clock.now(), BATCH)
        await this.#fireAll(due)
        isMore = due.length === BATCH
      }
      return this.#isStopped ? null : await records.nextTick()
    } catch (thrown) {
      onError(thrown)
      throw thrown
    }
  }

  /** All by one transaction; when the queue has no room for all, each by its own. */
  async #fireAll(due: readonly Schedule[]): Promise<void> {
    if (due.length === 0) return
    const decisions = await Promise.all(due.map((schedule) => this.#decide(schedule)))
    try {
      await this.#write(decisions)
    } catch (thrown) {
      if (decisions.length === 1 || !isQueueFull(thrown)) throw thrown
      const each = await Promise.allSettled(decisions.map((decision) => this.#write([decision])))
      if (each.some(({ status }) => status === 'rejected')) throw thrown
    }
  }

  async #decide(schedule: Schedule): Promise<Decision> {
    const { jobs, clock, makeJob } = this.#parts
    const known = await Promise.all(schedule.openJobs.map((id) => jobs.find(id)))
    const open = known.flatMap((job) => (job === undefined || isFinal(job.state) ? [] : job.id))
    // Between schedules other work goes on: to count what one missed takes up to 5 ms.
    await new Promise((resolve) => setImmediate(resolve))
    try {
      return decide(schedule, clock.now(), open, makeJob)
    } catch (thrown) {
      return giveUp(schedule, clock.now(), thrown)
    }
  }

  async #write(decisions: readonly Decision[]): Promise<void> {
    const { records, jobs, told } = this.#parts
    const changes = decisions.map(({ change }) => change)
    const made = await records.change(changes, jobs.room)
    for (const decision of decisions.filter((_, place) => made[place])) {
      told(decision.change.schedule, decision)
      await this.#cancel(decision.replaced)
    }
  }

  /** One that cannot be cancelled now is still open at the next tick, and cancelled then. */
  async #cancel(replaced: readonly string[]): Promise<void> {
    const { jobs, onError } = this.#parts
    for (const id of replaced) {
      await jobs.cancel(id).catch((thrown) => {
        if (!(thrown instanceof LongshoreError && GONE.has(thrown.code))) onError(thrown)
      })
    }
  }
}

/** It ended by itself, just before. */
const GONE: ReadonlySet<string> = new Set(['JOB_FINAL', 'JOB_NOT_FOUND'])

function isQueueFull(thrown: unknown): boolean {
  return thrown instanceof LongshoreError && thrown.code === 'QUEUE_FULL'
}
