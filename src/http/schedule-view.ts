import type { z } from 'zod'
import type * as contract from '../contract/schedule.ts'
import type { Schedule } from '../engine/schedule-records.ts'
import { withoutQuery } from '../job/callback-url.ts'
import type { JobState, JsonValue } from '../job/job.ts'
import { timestamp } from './job-view.ts'

/** What a schedule is shown with beside what is kept of it. */
export interface ScheduleOutlook {
  nextTicks: readonly number[]
  /** The state of the job that it made last; null when it made none, or that has been deleted. */
  lastState: JobState | null
}

/** A schedule as its readers see it, who find the service below `basePath`. */
export function viewSchedule(
  schedule: Schedule,
  { nextTicks, lastState }: ScheduleOutlook,
  basePath: string,
): z.output<typeof contract.Schedule> {
  const { name, tenant, definition, lastFire, lastSkip } = schedule
  return {
    name,
    tenant,
    cron: definition.cron,
    timezone: definition.timezone,
    misfire: definition.misfire,
    catch_up_limit: definition.catchUpLimit,
    grace_seconds: definition.graceMs / 1000,
    overlap: definition.overlap,
    job: shownJob(definition.job),
    created_at: timestamp(schedule.createdAt),
    updated_at: timestamp(schedule.updatedAt),
    paused_at: schedule.pausedAt === null ? null : timestamp(schedule.pausedAt),
    next_ticks: nextTicks.map(timestamp),
    last_fire: lastFire && {
      tick: lastFire.tick === null ? null : timestamp(lastFire.tick),
      at: timestamp(lastFire.at),
      job_id: lastFire.jobId,
      status: lastState,
    },
    last_skip: lastSkip && { ...lastSkip, tick: timestamp(lastSkip.tick), at: timestamp(lastSkip.at) },
    counts: schedule.counts,
    links: linksOf(schedule, basePath),
  }
}

/** As it was given, but for what a callback URL carries in its query: that is the receiver's secret, shown to nobody. */
function shownJob(job: Schedule['definition']['job']): { [field: string]: JsonValue } {
  const { callback_url: url } = job
  return typeof url === 'string' ? { ...job, callback_url: withoutQuery(url) } : job
}

/** A tenant's names are unique in the tenant alone; who has its key needs not say which. */
function linksOf({ name, tenant }: Schedule, basePath: string): { self: string; jobs: string } {
  const whose = tenant === null ? '' : `tenant=${encodeURIComponent(tenant)}`
  return {
    self: `${basePath}/schedules/${name}${whose && `?${whose}`}`,
    jobs: `${basePath}/jobs?schedule=${name}${whose && `&${whose}`}`,
  }
}
