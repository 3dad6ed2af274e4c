import type { Job, NewJob } from '../../job/job.ts'
import { freshJob } from '../record/fresh-job.ts'
import { type BirthClaim, claimedJob } from '../record/newborn.ts'
import { PHASE } from '../record/phase.ts'
import { storable } from './database.ts'
import type { StoredJob } from './job-entry.ts'

/** A job as its row stands that was claimed as it was inserted. */
export function bornJob(submitted: NewJob, num: number, claim: BirthClaim): StoredJob {
  const job = { ...claimedJob(freshJob(submitted), claim), ...ownCopies(submitted) }
  const rest = { downloaded: 0, endedBy: null, logLines: 0, forgetting: false }
  return { num, phase: PHASE.processing, job, events: claim.events, revision: 1, ...rest }
}

/** Whoever submitted a job may go on with its objects; and some text cannot be stored as it is. */
function ownCopies({ parameters, group, tenant }: NewJob): Pick<Job, 'parameters' | 'group' | 'tenant'> {
  return {
    parameters: parameters === null ? null : JSON.parse(JSON.stringify(parameters)),
    group: storable(group),
    tenant: storable(tenant ?? null),
  }
}
