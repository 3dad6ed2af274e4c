import type { JobEvent, JobEventType } from '../../job/event.ts'
import type { FileCounts, Job, JsonValue, Progress } from '../../job/job.ts'
import { isFinal } from '../../job/job.ts'
import type { Settlement } from '../../job/settlement.ts'
import type { AttemptChanges } from '../job-engine.ts'
import { isSilent, SILENT_PROGRESS } from './job-row.ts'

/** Errors of older attempts than these are dropped: a job can be requeued by people without end. */
const MAX_ERRORS = 100

/** A fact about a job, and what of its record it changes: the same on every engine. */
export interface Fact {
  type: JobEventType
  /** When it happened, in ms since 1970: the instants in `patch` are this one. */
  at: number
  patch: Partial<Job>
  data: JobEvent['data']
}

/** A worker begins the next attempt of a ready job. */
export function started(job: Job, worker: string, leaseMs: number, now: number): Fact {
  const attempt = job.attempt + 1
  const patch = { attempt, token: job.token + 1, worker, leaseExpiresAt: now + leaseMs, startedAt: now } as const
  return { type: 'job.started', at: now, patch: { ...patch, state: 'processing' }, data: { attempt, worker } }
}

/** What of an attempt's news lies in the job's own record; `files` are the sums of the ledger after it. */
export function learnt(files: FileCounts, changes: AttemptChanges): Partial<Job> {
  return {
    files: changes.filesTotal === undefined ? files : { ...files, total: changes.filesTotal },
    ...(changes.checkpoint !== undefined && { checkpoint: changes.checkpoint }),
    ...(changes.progress && { progress: dataOf(changes.progress) }),
  }
}

/** An attempt reports progress; undefined when it learnt what is no fact of its own, such as sums of the ledger. */
export function progressed(patch: Partial<Job>, now: number): Fact | undefined {
  return patch.progress && { type: 'job.progressed', at: now, patch, data: dataOf(patch.progress) }
}

/** An attempt ends. Its last progress is part of that event: it has none of its own. */
export function ended(job: Job, settlement: Settlement, last: Partial<Job>, now: number): Fact {
  const patch = { ...last, ...ending(job, settlement, now) }
  return { type: settlement.event, at: now, patch, data: endingData(job, settlement, last.progress) }
}

/** A person asks a job to stop: a queued one is cancelled at once, a processing one is marked; undefined when nothing changes. */
export function cancelAsked(job: Job, now: number): Fact | undefined {
  const data = { attempt: job.attempt }
  if (job.state === 'queued') {
    const patch = { state: 'cancelled', cancelRequestedAt: now, completedAt: now } as const
    return { type: 'job.cancelled', at: now, patch, data }
  }
  if (isFinal(job.state) || job.cancelRequestedAt !== null) return undefined
  return { type: 'job.cancel_requested', at: now, patch: { cancelRequestedAt: now }, data }
}

/**
 * A failed or cancelled job is queued again, with fresh attempts; its errors stay. Unless only its failed files are to
 * be worked on, it begins anew: the checkpoint and the sums of the ledger are dropped. Undefined for any other job.
 */
export function requeued(job: Job, failedFilesOnly: boolean, now: number): Fact | undefined {
  if (job.state !== 'failed' && job.state !== 'cancelled') return undefined
  const patch: Partial<Job> = {
    state: 'queued',
    runAt: now,
    attemptBase: job.attempt,
    failedFilesOnly,
    completedAt: null,
    cancelRequestedAt: null,
    error: null,
    result: null,
    outputs: [],
    ...(!failedFilesOnly && { checkpoint: null, files: { total: 0, done: 0, failed: 0, bytes: 0 } }),
  }
  return { type: 'job.requeued', at: now, patch, data: { failed_files_only: failedFilesOnly } }
}

/** The job with a patch applied. What it shows as progress begins anew with every return to the queue. */
export function patched(before: Job, patch: Partial<Job>): Job {
  const job = { ...before, ...patch }
  const isReset = job.state === 'queued' && before.state !== 'queued'
  if (isReset || (patch.progress === undefined && isSilent(before))) job.progress = SILENT_PROGRESS[job.state]
  return job
}

function ending(job: Job, settlement: Settlement, now: number): Partial<Job> {
  const { state, error, refundAttempt, runAt, result, outputs } = settlement
  return {
    state,
    worker: null,
    leaseExpiresAt: null,
    attempt: job.attempt - (refundAttempt ? 1 : 0),
    ...(runAt !== undefined && { runAt }),
    ...(result !== undefined && { result }),
    ...(outputs !== undefined && { outputs }),
    ...(error && { errors: [...job.errors, error].slice(-MAX_ERRORS) }),
    ...(error && state === 'failed' && { error: error.message }),
    ...(state !== 'queued' && { completedAt: now }),
  }
}

function endingData(job: Job, { state, error, runAt }: Settlement, progress: Progress | undefined) {
  return {
    attempt: job.attempt,
    ...(error && { code: error.code, message: error.message }),
    ...(state === 'queued' && runAt !== undefined && { run_at: new Date(runAt).toISOString() }),
    ...(state !== 'queued' && progress && { progress: dataOf(progress) }),
  }
}

/** Progress as plain JSON: without what is undefined, and no longer the caller's object. */
function dataOf(progress: Progress): { stage: string; [detail: string]: JsonValue } {
  const data: { stage: string; [detail: string]: JsonValue } = { stage: progress.stage }
  for (const [name, value] of Object.entries(progress)) if (value !== undefined) data[name] = value
  return data
}
