import { LongshoreError } from '../base/errors.ts'
import type { JobManager } from '../engine/job-manager.ts'

/**
 * Cancels the job of an upload that was dropped, if it was queued all the same, and forgets it if it never ran. Answers
 * whether the job is there after that: then its files are, too, until it is deleted.
 */
export async function withdraw(jobs: JobManager, jobId: string): Promise<boolean> {
  if ((await jobs.find(jobId)) === undefined) return false
  const job = await jobs.cancel(jobId).catch(unlessOver)
  if (job?.state !== 'cancelled' || job.token > 0) return true
  await jobs.forget(jobId).catch(unlessOver)
  return false
}

/** The job may have ended already, be deleted or be on its way again. */
function unlessOver(failure: unknown): undefined {
  const isOver =
    failure instanceof LongshoreError && ['JOB_FINAL', 'JOB_NOT_FOUND', 'JOB_NOT_FINAL'].includes(failure.code)
  if (!isOver) throw failure
}
