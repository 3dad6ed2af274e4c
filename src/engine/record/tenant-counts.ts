import type { JobState } from '../../job/job.ts'
import type { Candidate } from './job-choice.ts'
import { PHASE, stateOf } from './phase.ts'

/** Counts that grow as jobs are walked over. */
interface GrowingCounts {
  states: Record<JobState, number>
  oldestDueAt: number | null
}

/** The counts of a tenant without jobs. */
export function noTenantCounts(): GrowingCounts {
  return { states: { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }, oldestDueAt: null }
}

/** Counts a page of jobs, too. */
export function addCandidates(counts: GrowingCounts, page: readonly Candidate[]): void {
  for (const { phase, runAt } of page) {
    counts.states[stateOf(phase)] += 1
    if (phase === PHASE.ready) counts.oldestDueAt = Math.min(counts.oldestDueAt ?? runAt, runAt)
  }
}
