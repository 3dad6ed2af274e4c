import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { TenantLimits } from '../access/tenant-limits.ts'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Schedule, ScheduleDefinition, ScheduleQuery, ScheduleRecords } from '../engine/schedule-records.ts'
import type { ManifestLimits } from '../input/manifest-entries.ts'
import { isFinal, type Job, type ManifestSource } from '../job/job.ts'
import { withFires } from './decide.ts'
import { checkTimetable, definitionOf, type GivenSchedule, withinJob, withKeptQuery } from './definition.ts'
import { makeScheduledJob } from './scheduled-job.ts'
import type { HearTicks } from './scheduler.ts'
import { Timetable } from './timetable.ts'

/** A change that was decided on a schedule which changed meanwhile is decided anew so often. */
const TRIES = 5

/** What schedules stand on. */
export interface SchedulesParts {
  records: ScheduleRecords
  jobs: Pick<JobManager, 'draft' | 'newJob' | 'find' | 'roomOf'>
  clock: Clock
  limits: ManifestLimits & { schedules: number; scheduleIntervalMs: number }
  limitsOf(tenant: string | null): Pick<TenantLimits, 'schedules'>
  /** Throws when a tenant may not read these files. */
  checkSource(tenant: string | null, source: ManifestSource): Promise<void>
  told: HearTicks
}

/** Whose schedule of which name. */
export interface ScheduleKey {
  tenant: string | null
  name: string
}

/** What a request to fire says of itself. */
export interface RunOrigin {
  idempotencyKey?: string | undefined
  /** The span it belongs to, as W3C Trace Context writes it. */
  traceparent?: string | undefined
}

/** What people do with schedules. */
export class Schedules {
  readonly #parts: SchedulesParts

  constructor(parts: SchedulesParts) {
    this.#parts = parts
  }

  /**
   * Creates a schedule; one that is there and just the same is answered. Throws `SCHEDULE_EXISTS` when it is another,
   * `TOO_MANY_SCHEDULES`, and what is wrong with the expression, the time zone or the job.
   */
  async create(key: ScheduleKey, given: GivenSchedule): Promise<{ schedule: Schedule; created: boolean }> {
    const definition = await this.#check(key, given)
    const fresh = this.#fresh(key, definition, given.paused ?? false)
    if (await this.#keep(fresh)) return { schedule: fresh, created: true }
    const there = await this.get(key)
    if (isDeepStrictEqual(there.definition, definition)) return { schedule: there, created: false }
    throw new LongshoreError(
      'SCHEDULE_EXISTS',
      `There is a schedule ${key.name} already, another one. Choose another name, or replace it by PUT /schedules/${key.name}.`,
    )
  }

  /**
   * Creates a schedule, or makes the one that is there so; a callback URL as it is shown, without its query, is the one
   * that is there. Throws what `create` throws, but `SCHEDULE_EXISTS`.
   */
  async put(key: ScheduleKey, given: GivenSchedule): Promise<{ schedule: Schedule; created: boolean }> {
    const before = await this.#find(key)
    const definition = await this.#check(key, before ? withKeptQuery(given, before.definition) : given)
    const fresh = this.#fresh(key, definition, given.paused ?? false)
    if (before === undefined && (await this.#keep(fresh))) return { schedule: fresh, created: true }
    const schedule = await this.#amend(key, (there) => this.#replaced(there, definition, given.paused))
    return { schedule, created: false }
  }

  /** Throws `SCHEDULE_NOT_FOUND`. */
  async get(key: ScheduleKey): Promise<Schedule> {
    const schedule = await this.#find(key)
    if (schedule) return schedule
    throw new LongshoreError('SCHEDULE_NOT_FOUND', `There is no schedule ${key.name}. GET /schedules lists them.`)
  }

  /** One page, by name. */
  list(query: ScheduleQuery): Promise<{ items: Schedule[]; next: string | null }> {
    return this.#parts.records.list(query)
  }

  /** The next ticks of a schedule; none while it is paused. */
  nextTicks({ definition, nextTick }: Schedule, count: number): number[] {
    return nextTick === null ? [] : [nextTick, ...new Timetable(definition).nextOnes(count - 1, nextTick)]
  }

  /** From now on ticks pass by. Throws `SCHEDULE_NOT_FOUND`. */
  pause(key: ScheduleKey): Promise<Schedule> {
    return this.#amend(key, (there) => this.#paused(there, true))
  }

  /** Fires again, from the next tick on; those that passed by meanwhile are not missed. Throws `SCHEDULE_NOT_FOUND`. */
  resume(key: ScheduleKey): Promise<Schedule> {
    return this.#amend(key, (there) => this.#paused(there, false))
  }

  /**
   * Fires now, paused or not, whatever the overlap policy says; the ticks stay as they are. The same idempotency key
   * answers the first job. Throws `SCHEDULE_NOT_FOUND` and what submitting throws.
   */
  async run(
    key: ScheduleKey,
    { idempotencyKey, traceparent }: RunOrigin = {},
  ): Promise<{ job: Job; replayed: boolean }> {
    const { records, jobs, clock, told } = this.#parts
    for (let tries = 0; tries < TRIES; tries++) {
      const there = await this.get(key)
      const jobId = idempotencyKey === undefined ? newId() : idOf(there, idempotencyKey)
      const known = await jobs.find(jobId)
      if (known) return { job: known, replayed: true }
      const job = makeScheduledJob(this.#parts, there, { tick: null, id: jobId, traceparent })
      const fires = [{ tick: null, jobId }]
      const schedule = withFires(there, fires, await this.#open(there), clock.now())
      const [made] = await records.change([{ schedule, jobs: [job] }], (tenant) => jobs.roomOf(tenant))
      if (!made) continue
      told(schedule, { fired: fires, skipped: [], replaced: [] })
      const kept = await jobs.find(jobId)
      if (kept) return { job: kept, replayed: false }
    }
    throw changedMeanwhile(key)
  }

  /** Forgets a schedule; the jobs it made stay. Throws `SCHEDULE_NOT_FOUND`. */
  async delete(key: ScheduleKey): Promise<void> {
    if (await this.#parts.records.delete(key.tenant, key.name)) return
    await this.get(key)
  }

  #find({ tenant, name }: ScheduleKey): Promise<Schedule | undefined> {
    return this.#parts.records.get(tenant, name)
  }

  #keep(schedule: Schedule): Promise<boolean> {
    const { records, limits, limitsOf } = this.#parts
    return records.create(schedule, { max: limits.schedules, maxOfTenant: limitsOf(schedule.tenant).schedules })
  }

  async #open({ openJobs }: Schedule): Promise<string[]> {
    const jobs = await Promise.all(openJobs.map((id) => this.#parts.jobs.find(id)))
    return jobs.flatMap((job) => (job === undefined || isFinal(job.state) ? [] : job.id))
  }

  /** Everything that could keep a tick from firing is found now, by making a job that is kept nowhere. */
  async #check({ tenant, name }: ScheduleKey, given: GivenSchedule): Promise<ScheduleDefinition> {
    const { clock, limits, checkSource } = this.#parts
    const definition = definitionOf(given)
    checkTimetable(definition, limits.scheduleIntervalMs, clock.now())
    try {
      const { manifest } = makeScheduledJob(this.#parts, this.#fresh({ tenant, name }, definition, true), {
        tick: null,
      })
      await checkSource(tenant, manifest)
    } catch (thrown) {
      throw withinJob(thrown)
    }
    return definition
  }

  #fresh({ tenant, name }: ScheduleKey, definition: ScheduleDefinition, isPaused: boolean): Schedule {
    const now = this.#parts.clock.now()
    return {
      id: newId(),
      tenant,
      name,
      revision: 0,
      createdAt: now,
      updatedAt: now,
      definition,
      pausedAt: isPaused ? now : null,
      nextTick: isPaused ? null : new Timetable(definition).next(now),
      lastFire: null,
      lastSkip: null,
      counts: { fired: 0, missed: 0, skipped: 0 },
      openJobs: [],
    }
  }

  /** Ticks that have come and were not dealt with stay due when cron and time zone stay. */
  #replaced(there: Schedule, definition: ScheduleDefinition, paused: boolean | undefined): Schedule {
    const same = isDeepStrictEqual(there.definition, definition)
    const { cron, timezone } = there.definition
    const isOnTime = cron === definition.cron && timezone === definition.timezone
    const now = this.#parts.clock.now()
    const nextTick = isOnTime || there.pausedAt !== null ? there.nextTick : new Timetable(definition).next(now)
    const after = same ? there : { ...there, definition, nextTick, updatedAt: now }
    return paused === undefined ? after : this.#paused(after, paused)
  }

  #paused(there: Schedule, isPaused: boolean): Schedule {
    if (isPaused === (there.pausedAt !== null)) return there
    const now = this.#parts.clock.now()
    const nextTick = isPaused ? null : new Timetable(there.definition).next(now)
    return { ...there, pausedAt: isPaused ? now : null, nextTick, updatedAt: now }
  }

  /** Changes a schedule as it stands when it is written; the same object again changes nothing. */
  async #amend(key: ScheduleKey, change: (there: Schedule) => Schedule): Promise<Schedule> {
    for (let tries = 0; tries < TRIES; tries++) {
      const there = await this.get(key)
      const schedule = change(there)
      if (schedule === there) return there
      const [made] = await this.#parts.records.change([{ schedule, jobs: [] }])
      if (made) return { ...schedule, revision: schedule.revision + 1 }
    }
    throw changedMeanwhile(key)
  }
}

/** The id of the job that a key stands for: the same key of the same schedule finds it again. */
function idOf({ id }: Schedule, idempotencyKey: string): string {
  const digest = hash('sha256', `${id} ${idempotencyKey}`)
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `8${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-')
}

function changedMeanwhile({ name }: ScheduleKey): LongshoreError {
  return new LongshoreError('SCHEDULE_CHANGED', `Schedule ${name} was changed by others again and again. Try again.`)
}
