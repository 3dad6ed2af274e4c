import { newId } from '../../src/base/ids.ts'
import type { Schedule, ScheduleDefinition } from '../../src/engine/schedule-records.ts'

/** A schedule of every minute that is due with the next. */
export function newSchedule(now: number, wishes: Partial<Schedule> = {}, definition: Partial<ScheduleDefinition> = {}) {
  const schedule: Schedule = {
    id: newId(),
    tenant: null,
    name: 'nightly',
    revision: 0,
    createdAt: now,
    updatedAt: now,
    definition: {
      cron: '* * * * *',
      timezone: 'UTC',
      misfire: 'once',
      catchUpLimit: 10,
      graceMs: 60_000,
      overlap: 'skip',
      job: { manifest_inline: { files: ['s3://longshore/a.dat'] } },
      ...definition,
    },
    pausedAt: null,
    nextTick: now + 60_000,
    lastFire: null,
    lastSkip: null,
    counts: { fired: 0, missed: 0, skipped: 0 },
    openJobs: [],
    ...wishes,
  }
  return schedule
}
