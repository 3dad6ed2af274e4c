import type { FileCounts, Job, NewJob } from '../../job/job.ts'
import { SILENT_PROGRESS } from './job-row.ts'

/** What every new job holds, in one piece for all of them. */
const NO_FILES: FileCounts = Object.freeze({ total: 0, done: 0, failed: 0, bytes: 0 })
const NONE: readonly never[] = Object.freeze([])

/** A job as it is right after it was submitted. Every field is named: to copy the rest of an object takes ten times as long. */
export function freshJob(submitted: NewJob): Job {
  return {
    id: submitted.id,
    createdAt: submitted.createdAt,
    runAt: submitted.runAt,
    manifest: submitted.manifest,
    parameters: submitted.parameters,
    processor: submitted.processor,
    priority: submitted.priority,
    group: submitted.group,
    labels: submitted.labels,
    maxAttempts: submitted.maxAttempts,
    timeoutMs: submitted.timeoutMs,
    tenant: submitted.tenant ?? null,
    schedule: submitted.schedule ?? null,
    traceparent: submitted.traceparent ?? null,
    callbackUrl: submitted.callbackUrl ?? null,
    resources: submitted.resources ?? null,
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
    errors: NONE,
    files: NO_FILES,
    outputs: NONE,
  }
}
