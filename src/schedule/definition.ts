import type { z } from 'zod'
import { type Fault, LongshoreError } from '../base/errors.ts'
import { describeFaults } from '../base/faults.ts'
import type { PutSchedule, ScheduledJob } from '../contract/schedule.ts'
import type { ScheduleDefinition } from '../engine/schedule-records.ts'
import { checkManifestUri } from '../input/manifest.ts'
import { checkManifestEntries, type ManifestLimits } from '../input/manifest-entries.ts'
import { withoutQuery } from '../job/callback-url.ts'
import type { ManifestSource } from '../job/job.ts'
import { timetableFaults } from './check-timetable.ts'

/** What people send of a schedule, parsed. */
export type GivenSchedule = z.output<typeof PutSchedule>

/** What they send in the words of the records. */
export function definitionOf(given: GivenSchedule): ScheduleDefinition {
  return {
    cron: given.cron.trim(),
    timezone: given.timezone,
    misfire: given.misfire,
    catchUpLimit: given.catch_up_limit,
    graceMs: given.grace_seconds * 1000,
    overlap: given.overlap,
    job: given.job as ScheduleDefinition['job'],
  }
}

/** The same with the callback URL that is kept, where it is given as readers see it: who changes the rest has no other. */
export function withKeptQuery(given: GivenSchedule, { job: kept }: ScheduleDefinition): GivenSchedule {
  const { callback_url: url } = kept
  if (typeof url !== 'string' || given.job.callback_url !== withoutQuery(url)) return given
  return { ...given, job: { ...given.job, callback_url: url } }
}

/** Throws `VALIDATION_FAILED` with every fault of the expression and the time zone. */
export function checkTimetable({ cron, timezone }: ScheduleDefinition, minIntervalMs: number, now: number): void {
  const errors = timetableFaults({ cron, timezone }, minIntervalMs, now)
  if (errors.length === 0) return
  throw new LongshoreError('VALIDATION_FAILED', `The schedule cannot be kept: ${describeFaults(errors)}.`, { errors })
}

/** Where the files of a scheduled job come from. Throws `BUCKET_NOT_ALLOWED`, `INVALID_URI` and whatever else is wrong with them. */
export function sourceOf(job: z.output<typeof ScheduledJob>, limits: ManifestLimits): ManifestSource {
  if (job.manifest_inline) {
    return { files: checkManifestEntries(job.manifest_inline.files, limits, '/job/manifest_inline/files') }
  }
  const uri = job.manifest_uri ?? ''
  checkManifestUri(uri, limits)
  return { uri }
}

/** The error of a part of the schedule's job, its pointers from the root of the request. */
export function withinJob(thrown: unknown): unknown {
  if (!(thrown instanceof LongshoreError)) return thrown
  const inJob = ({ pointer, message }: Fault): Fault => ({
    pointer: pointer.startsWith('/job/') ? pointer : `/job${pointer}`,
    message,
  })
  return new LongshoreError(thrown.code, `job: ${thrown.message}`, { errors: thrown.errors.map(inJob), cause: thrown })
}
