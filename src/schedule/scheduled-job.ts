import { newId } from '../base/ids.ts'
import { ScheduledJob } from '../contract/schedule.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Schedule } from '../engine/schedule-records.ts'
import { jobRequest } from '../input/job-request.ts'
import type { ManifestLimits } from '../input/manifest-entries.ts'
import type { NewJob } from '../job/job.ts'
import { sourceOf } from './definition.ts'

/** What making jobs stands on. */
export interface ScheduledJobParts {
  jobs: Pick<JobManager, 'draft' | 'newJob'>
  limits: ManifestLimits
}

/** What makes a job: a tick, or a person who fires by hand. */
export interface Fire {
  /** Null by hand. */
  tick: number | null
  /** Of the job; a new one unless given. */
  id?: string
  /** The span that the person's request belongs to. */
  traceparent?: string | undefined
}

/**
 * The job of a tick, or of a person who fires by hand. What was taken when the schedule was created is checked again:
 * processor and settings may be others now. Throws what `POST /jobs` would.
 */
export function makeScheduledJob(
  { jobs, limits }: ScheduledJobParts,
  { tenant, name, definition }: Schedule,
  { tick, id = newId(), traceparent }: Fire,
): NewJob {
  const asked = ScheduledJob.parse(definition.job)
  const draft = jobs.draft({ ...jobRequest(asked, { tenant, traceparent }), schedule: { name, tick } }, id)
  return jobs.newJob(draft, sourceOf(asked, limits))
}
