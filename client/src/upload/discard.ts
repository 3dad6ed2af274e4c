import { ApiError } from '../errors.ts'
import type { ServiceCalls } from './service-calls.ts'

/** How long cleaning up after an abort may take; what is left then expires by itself. */
const DISCARD_MS = 10_000

/** An upload that is to be dropped. */
export interface Discarded {
  /** Asks which it is; undefined when it was not started. */
  readonly findJobId: (signal: AbortSignal) => Promise<string | undefined>
  /** Whether it may have become its job just now. A job that was there before is never touched. */
  readonly mayBeJob: boolean
}

/** Drops an upload with all it sent. Never fails. The signal that aborted the upload does not end this. */
export async function discard(calls: ServiceCalls, { findJobId, mayBeJob }: Discarded): Promise<void> {
  const signal = AbortSignal.timeout(DISCARD_MS)
  try {
    const jobId = await findJobId(signal)
    if (jobId !== undefined) await drop(calls, jobId, mayBeJob, signal)
  } catch {
    // The service is out of reach, or has dropped it itself.
  }
}

async function drop(calls: ServiceCalls, jobId: string, mayBeJob: boolean, signal: AbortSignal): Promise<void> {
  try {
    await calls.abort(jobId, signal)
  } catch (failure) {
    if (mayBeJob && failure instanceof ApiError && failure.code === 'INGEST_CLOSED') await dropJob(calls, jobId, signal)
    else throw failure
  }
}

async function dropJob(calls: ServiceCalls, jobId: string, signal: AbortSignal): Promise<void> {
  await unlessConflict(calls.cancelJob(jobId, signal))
  while (!(await unlessConflict(calls.deleteJob(jobId, signal)))) await calls.jobChange(jobId, signal)
}

/** False where the job is not, or is already, in a state for that. */
async function unlessConflict(call: Promise<void>): Promise<boolean> {
  try {
    await call
    return true
  } catch (failure) {
    if (failure instanceof ApiError && failure.status === 409) return false
    throw failure
  }
}
