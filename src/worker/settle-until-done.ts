import { type Clock, sleep } from '../base/clock.ts'
import { LongshoreError, messageOf } from '../base/errors.ts'
import type { AttemptChanges } from '../engine/job-engine.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Job, Lease } from '../job/job.ts'
import type { Outcome } from '../job/settlement.ts'

/** A full disk or a lost database mostly comes back; until then the verdict is kept here and tried again this often. */
const RETRY_EVERY_MS = 1_000

/** What is to be written of an attempt's end. */
interface Verdict {
  outcome: Outcome
  changes: AttemptChanges
}

/**
 * Settles an attempt even if the engine cannot write just now: an outcome that was reached is not thrown away. Should the
 * engine refuse what is written, less is, down to the bare fact that the attempt failed: no job hangs for its details.
 * Undefined when the lease turned out to be stale. Rejects with the signal's reason when the worker gives up.
 */
export async function settleUntilDone(
  parts: { jobs: Pick<JobManager, 'settle'>; clock: Clock; onError(thrown: unknown): void; giveUp: AbortSignal },
  lease: Lease,
  outcome: Outcome,
  changes: AttemptChanges,
): Promise<Job | undefined> {
  let verdict: Verdict = { outcome, changes }
  for (;;) {
    try {
      return await parts.jobs.settle(lease, verdict.outcome, verdict.changes)
    } catch (failure) {
      parts.onError(failure)
      const smaller = mayPass(failure) ? undefined : lessOf(verdict, failure)
      if (smaller === undefined) await sleep(parts.clock, RETRY_EVERY_MS, parts.giveUp)
      else verdict = smaller
    }
  }
}

/** Whether the same write may succeed later. */
function mayPass(failure: unknown): boolean {
  return failure instanceof LongshoreError && failure.retryable
}

function lessOf({ outcome, changes }: Verdict, failure: unknown): Verdict | undefined {
  const { markDownloadedDone, ...details } = changes
  if (Object.keys(details).length > 0) return { outcome, changes: markDownloadedDone ? { markDownloadedDone } : {} }
  if (outcome.type === 'failed' && outcome.code === 'INTERNAL') return undefined
  const message = `The outcome of the attempt could not be written: ${messageOf(failure)}`
  return { outcome: { type: 'failed', code: 'INTERNAL', message, retryable: true }, changes: {} }
}
