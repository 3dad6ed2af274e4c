import type { Job } from '../job/job.ts'
import { DEFAULT_RETRY_POLICY } from '../job/retry-policy.ts'
import { type Settlement, settle } from '../job/settlement.ts'

/** What becomes of a claim that is given back. It never began, so it costs no attempt and keeps its place: it is due when it was. */
export function givenBack(job: Job): Settlement {
  return settle(job, { type: 'interrupted' }, { now: job.runAt, random: 0, policy: DEFAULT_RETRY_POLICY })
}
