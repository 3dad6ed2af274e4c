import type { Job } from '../../job/job.ts'
import type { RunningJob } from '../activity.ts'

/** A job in work, as a list of workers shows it. */
export function runningJob({ id, attempt, startedAt, updatedAt, progress, tenant }: Job): RunningJob {
  return { id, attempt, startedAt: startedAt ?? updatedAt, progress, tenant }
}
