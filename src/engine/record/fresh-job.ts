import type { Job, NewJob } from '../../job/job.ts'
import { SILENT_PROGRESS } from './job-row.ts'

/** A job as it is right after it was submitted. */
export function freshJob(submitted: NewJob): Job {
  const {
    idempotency: _key,
    tenant = null,
    schedule = null,
    traceparent = null,
    callbackUrl = null,
    resources = null,
    ...fixed
  } = submitted
  return {
    ...fixed,
    tenant,
    schedule,
    traceparent,
    callbackUrl,
    resources,
    state: 'queued',
    version: 1,
    updatedAt: submitted.createdAt,
    startedAt: null,
    completedAt: null,
    cancelRequestedAt: null,
    failedFilesOnly: false,
    attempt: 0,
    attemptBase: 0,
    token: 0,
    worker: null,
    leaseExpiresAt: null,
    checkpoint: null,
    progress: SILENT_PROGRESS.queued,
    result: null,
    error: null,
    errors: [],
    files: { total: 0, done: 0, failed: 0, bytes: 0 },
    outputs: [],
  }
}
