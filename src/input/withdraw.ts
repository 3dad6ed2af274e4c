import { LongshoreError } from '../base/errors.ts'
import type { JobManager } from '../engine/job-manager.ts'

/** Cancels the job of an upload that was dropped, if it was queued all the same, unless it has ended. Answers whether it was. */
export async function withdraw(jobs: JobManager, jobId: string): Promise<boolean> {
  if ((await jobs.find(jobId)) === undefined) return false
  await jobs.cancel(jobId).catch(unlessOver)
  return true
}

/** The job may have ended already, and even be deleted. */
function unlessOver(failure: unknown): void {
  const isOver = failure instanceof LongshoreError && ['JOB_FINAL', 'JOB_NOT_FOUND'].includes(failure.code)
  if (!isOver) throw failure
}
