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
  jobs: Pick<JobManager, 'find' | 'cancel' | 'roomOf'>
  makeJob: MakeJob
  clock: Clock
  told: HearTicks
  /** Hears that the ticks of a tenant wait for room in the queue, and why; again whenever they were tried in vain. */
  waits(tenant: string | null, why: LongshoreError): void
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
  /** Tenants whose jobs find no room in the queue, and until when their ticks wait: those of others must not wait with them. */
  readonly #full = new Map<string | null, number>()
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
      this.#forgetFull()
      for (let isMore = true; isMore && !this.#isStopped; ) {
        const due = await records.due(clock.now(), BATCH, [...this.#full.keys()])
        await this.#fireAll(due)
        isMore = due.length === BATCH
      }
      return this.#isStopped ? null : await this.#nextTick()
    } catch (thrown) {
      onError(thrown)
      throw thrown
    }
  }

  /** The earliest tick, or when the first tenant whose queue is full is tried again. */
  async #nextTick(): Promise<number | null> {
    const tick = await this.#parts.records.nextTick([...this.#full.keys()])
    const next = Math.min(tick ?? Infinity, ...this.#full.values())
    return next === Infinity ? null : next
  }

  /** All by one transaction; when the queue has no room for all, each by its own, as far as there is room. */
  async #fireAll(due: readonly Schedule[]): Promise<void> {
    if (due.length === 0) return
    try {
      await this.#write(await Promise.all(due.map((schedule) => this.#decide(schedule))))
    } catch (thrown) {
      if (!isQueueFull(thrown)) throw thrown
      for (const schedule of due) await this.#fireOne(schedule)
    }
  }

  /** One job only, so that many ticks to catch up on fit into little room one after the other. */
  async #fireOne(schedule: Schedule): Promise<void> {
    const { clock, waits } = this.#parts
    const { tenant } = schedule
    if (this.#full.has(tenant)) return
    try {
      await this.#write([await this.#decide(schedule, 1)])
    } catch (thrown) {
      if (!isQueueFull(thrown)) throw thrown
      this.#full.set(tenant, clock.now() + RETRY_MS)
      waits(tenant, thrown)
    }
  }

  #forgetFull(): void {
    const now = this.#parts.clock.now()
    for (const [tenant, until] of this.#full) {
      if (until <= now) this.#full.delete(tenant)
    }
  }

  async #decide(schedule: Schedule, most?: number): Promise<Decision> {
    const { jobs, clock, makeJob } = this.#parts
    const known = await Promise.all(schedule.openJobs.map((id) => jobs.find(id)))
    const open = known.flatMap((job) => (job === undefined || isFinal(job.state) ? [] : job.id))
    // Between schedules other work goes on: to count what one missed takes up to 5 ms.
    await new Promise((resolve) => setImmediate(resolve))
    try {
      return decide(schedule, { now: clock.now(), open, makeJob, most })
    } catch (thrown) {
      return giveUp(schedule, clock.now(), thrown)
    }
  }

  async #write(decisions: readonly Decision[]): Promise<void> {
    const { records, jobs, told } = this.#parts
    const changes = decisions.map(({ change }) => change)
    const made = await records.change(changes, (tenant) => jobs.roomOf(tenant))
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

function isQueueFull(thrown: unknown): thrown is LongshoreError {
  return thrown instanceof LongshoreError && thrown.code === 'QUEUE_FULL'
}
