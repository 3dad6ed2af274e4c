import type { JsonValue, NewJob } from '../job/job.ts'
import type { QueueLimits } from './job-engine.ts'

/** What becomes of ticks at which nobody could fire: none, the newest alone, or the newest few. */
type MisfirePolicy = 'skip' | 'once' | 'catch_up'

/** What a tick does while a job of the same schedule has not ended: it fires beside it, is skipped, or replaces it, which is cancelled. */
type OverlapPolicy = 'allow' | 'skip' | 'replace'

/** Why a tick made no job: nobody could fire, the last job had not ended, or the service would not take the job. */
export type SkipReason = 'missed' | 'overlap' | 'refused'

/** What people say of a schedule. */
export interface ScheduleDefinition {
  /** Five fields, six with seconds, or a nickname like `@daily`. */
  cron: string
  /** IANA name. */
  timezone: string
  misfire: MisfirePolicy
  /** How many ticks `catch_up` makes up for at most. */
  catchUpLimit: number
  /** How late a tick may fire under `skip`. */
  graceMs: number
  overlap: OverlapPolicy
  /** What each tick submits, in the words of `POST /jobs`. */
  job: { readonly [field: string]: JsonValue }
}

/** How many ticks came to what, since the schedule was created. */
interface TickCounts {
  /** Jobs made, by hand too. */
  fired: number
  missed: number
  /** Skipped for an overlap, or refused. */
  skipped: number
}

/** A schedule and where it stands. Instants are milliseconds since 1970. */
export interface Schedule {
  id: string
  /** Whose it is, and its jobs; null belongs to no tenant. */
  tenant: string | null
  /** Unique in the tenant. */
  name: string
  /** Grows with every write: a change names the one it was decided on. */
  revision: number
  createdAt: number
  /** When people changed it last. */
  updatedAt: number
  definition: ScheduleDefinition
  pausedAt: number | null
  /** The first tick that is not dealt with; null while paused, or when none comes any more. */
  nextTick: number | null
  /** The newest job it made; its tick is null when it was fired by hand. */
  lastFire: { tick: number | null; at: number; jobId: string } | null
  /** The newest tick that made no job. */
  lastSkip: { tick: number; at: number; reason: SkipReason; message: string } | null
  counts: TickCounts
  /** Jobs it made that had not ended when they were last looked at; none under `allow`. */
  openJobs: readonly string[]
}

/** A schedule as it is to be, and the jobs that come of it. Nothing of it happens when the schedule has changed since. */
export interface ScheduleChange {
  /** With the revision that the change was decided on. */
  schedule: Schedule
  jobs: readonly NewJob[]
}

/** How many schedules may be kept. */
export interface ScheduleLimits {
  /** Of all. */
  max: number
  /** Of the schedule's own tenant; no limit when absent. */
  maxOfTenant?: number | undefined
}

/** How many jobs may wait, for whoever submits for this tenant. */
export type RoomOf = (tenant: string | null) => QueueLimits

/** Which schedules to list, by name. */
export interface ScheduleQuery {
  limit: number
  cursor?: string
  /** Only this tenant's. */
  tenant?: string
}

/** Keeps schedules beside the jobs. Every verb that writes has written durably when its promise resolves. */
export interface ScheduleRecords {
  /** Keeps a new schedule; false when its tenant has one of that name. Throws `TOO_MANY_SCHEDULES`. */
  create(schedule: Schedule, limits?: ScheduleLimits): Promise<boolean>
  /** The schedule of a tenant, if it is there. */
  get(tenant: string | null, name: string): Promise<Schedule | undefined>
  /** Schedules, by name. */
  list(query: ScheduleQuery): Promise<{ items: Schedule[]; next: string | null }>
  /**
   * Writes schedules and keeps their jobs, all in one transaction: a change is made once, whoever else decides on the same
   * revision. Answers which were made. Throws `QUEUE_FULL` when not all jobs may wait, and then nothing happened.
   */
  change(changes: readonly ScheduleChange[], roomOf?: RoomOf): Promise<boolean[]>
  /** Forgets a schedule; false when it is not there. Its jobs stay. */
  delete(tenant: string | null, name: string): Promise<boolean>
  /** Schedules whose next tick is not after `now`, the longest due first, without those of some tenants. */
  due(now: number, limit: number, without?: readonly (string | null)[]): Promise<Schedule[]>
  /** The earliest next tick of all, without those of some tenants; null when there is none. */
  nextTick(without?: readonly (string | null)[]): Promise<number | null>
  /** Hears when schedules will be due: at once of those written here, soon of those written elsewhere, and often several times. */
  onDue(listener: (nextTick: number) => void): void
}
