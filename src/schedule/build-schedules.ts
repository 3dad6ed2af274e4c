import type { Logger } from 'pino'
import type { TenantLimits } from '../access/tenant-limits.ts'
import type { Clock } from '../base/clock.ts'
import type { Config } from '../config.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { ScheduleRecords } from '../engine/schedule-records.ts'
import type { ObjectAccess } from '../input/object-access.ts'
import type { Facts } from '../telemetry/facts.ts'
import { makeScheduledJob } from './scheduled-job.ts'
import { type HearTicks, Scheduler } from './scheduler.ts'
import { Schedules } from './schedules.ts'
import { tellTicks, tellWaiting } from './tell-ticks.ts'

/** What a service gives its schedules. */
export interface ScheduleGround {
  engine: { readonly schedules: ScheduleRecords }
  jobs: JobManager
  clock: Clock
  objectAccess: Pick<ObjectAccess, 'checkSource'>
  config: Pick<Config, 'limits' | 'readableBuckets'>
  log: Pick<Logger, 'info' | 'warn'>
  facts?: Facts
  limitsOf(tenant: string | null): TenantLimits
  onError(thrown: unknown): void
}

/** What people do with schedules, and what fires them. */
export function buildSchedules(ground: ScheduleGround): { schedules: Schedules; scheduler: Scheduler } {
  const { engine, jobs, clock, config, objectAccess, log, facts, limitsOf, onError } = ground
  const { readableBuckets, limits: all } = config
  const limits = { ...all, readableBuckets, maxFiles: all.filesPerJob }
  const told: HearTicks = tellTicks(log, clock, facts)
  const common = { records: engine.schedules, jobs, clock, told }
  const checkSource: ObjectAccess['checkSource'] = (tenant, source) => objectAccess.checkSource(tenant, source)
  return {
    schedules: new Schedules({ ...common, limits, limitsOf, checkSource }),
    scheduler: new Scheduler({
      ...common,
      makeJob: (schedule, tick) => makeScheduledJob({ jobs, limits }, schedule, { tick }),
      waits: tellWaiting(log),
      onError,
    }),
  }
}
