import type { JobEventType } from '../../job/event.ts'
import type { Job } from '../../job/job.ts'
import { MINUTE_MS, stepOf, type TallyKind } from '../activity.ts'

/** One thing to count, in the minute it happened. */
export interface Counted {
  at: number
  /** '' for none. */
  tenant: string
  kind: TallyKind
  step: number
}

const KINDS: Partial<Record<JobEventType, TallyKind>> = {
  'job.completed': 'completed',
  'job.failed': 'failed',
  'job.cancelled': 'cancelled',
  'job.retried': 'retried',
  'job.rescued': 'retried',
}

/** What a fact about a job adds to the tallies; `before` is the job as it stood until then. */
export function countedOf(type: JobEventType, before: Job, now: number): Counted[] {
  const kind = KINDS[type]
  if (kind === undefined) return []
  const at = now - (now % MINUTE_MS)
  const tenant = before.tenant ?? ''
  const { state, startedAt, runAt } = before
  if (state !== 'processing' || startedAt === null) return [{ at, tenant, kind, step: 0 }]
  return [
    { at, tenant, kind, step: stepOf(now - startedAt) },
    { at, tenant, kind: 'waited', step: stepOf(startedAt - runAt) },
  ]
}
