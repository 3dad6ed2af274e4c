import { type Clock, sleep } from '../base/clock.ts'
import type { AttemptChanges } from '../engine/job-engine.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Job, Lease } from '../job/job.ts'
import type { Outcome } from '../job/settlement.ts'

/** A full disk or a lost database mostly comes back; until then the verdict is kept here and tried again this often. */
const RETRY_EVERY_MS = 1_000

/**
 * Settles an attempt even if the engine cannot write just now: an outcome that was reached is not thrown away. Undefined
 * when the lease turned out to be stale. Rejects with the signal's reason when the worker gives up.
 */
export async function settleUntilDone(
  parts: { jobs: JobManager; clock: Clock; onError(thrown: unknown): void; giveUp: AbortSignal },
  lease: Lease,
  outcome: Outcome,
  changes: AttemptChanges,
): Promise<Job | undefined> {
  for (;;) {
    try {
      return await parts.jobs.settle(lease, outcome, changes)
    } catch (failure) {
      parts.onError(failure)
      await sleep(parts.clock, RETRY_EVERY_MS, parts.giveUp)
    }
  }
}
