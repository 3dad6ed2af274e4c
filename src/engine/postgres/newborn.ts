import type { Job, NewJob } from '../../job/job.ts'
import { fits, leftOf, type Resources } from '../../job/resources.ts'
import { freshJob } from '../record/fresh-job.ts'
import { patched, started } from '../record/job-changes.ts'
import { PHASE } from '../record/phase.ts'
import { addToRow } from '../record/row-events.ts'
import { storable } from './database.ts'
import type { StoredJob } from './job-entry.ts'

/** What a worker has free. */
export interface FreeSlots {
  slots: number
  /** What is free of its budget. */
  room: Resources
  /** Groups or tenants have a limit of jobs that run at once. */
  isLimited: boolean
}

/**
 * Which new jobs that are due may be claimed as they are inserted, if no other job is ready: those that a claim right
 * after would take. Where groups take turns the order is the claim's to tell, so of jobs with groups it is all or none; and
 * with a limit only jobs without a group, which no limit concerns.
 */
export function claimableAtBirth(due: readonly NewJob[], { slots, room, isLimited }: FreeSlots): readonly NewJob[] {
  if (slots === 0 || due.length === 0) return []
  const inOrder = due.toSorted((a, b) => b.priority - a.priority || a.runAt - b.runAt)
  let left = room
  let count = 0
  for (const job of inOrder) {
    const needs = job.resources ?? null
    if (count === slots || !fits(needs, left) || (isLimited && hasGroup(job))) break
    left = leftOf(left, needs)
    count += 1
  }
  return count < due.length && due.some(hasGroup) ? [] : inOrder.slice(0, count)
}

/** The claim that comes with the insert. */
export interface BirthClaim {
  worker: string
  leaseMs: number
  now: number
}

/** The events in the row of every job that is claimed so. */
export function bornEvents({ worker, now }: BirthClaim): string {
  return addToRow('', { seq: 2, type: 'job.started', at: now, data: { attempt: 1, worker } }).row
}

/** A job as its row stands that was claimed as it was inserted. */
export function bornJob(submitted: NewJob, num: number, claim: BirthClaim): StoredJob {
  const { worker, leaseMs, now } = claim
  const fresh = freshJob(submitted)
  const { patch } = started(fresh, worker, leaseMs, now)
  const job = patched(fresh, { ...patch, ...ownCopies(submitted), version: 2, updatedAt: now })
  const rest = { downloaded: 0, endedBy: null, logLines: 0, forgetting: false }
  return { num, phase: PHASE.processing, job, events: bornEvents(claim), revision: 1, ...rest }
}

/** Whoever submitted a job may go on with its objects; and some text cannot be stored as it is. */
function ownCopies({ parameters, group, tenant }: NewJob): Pick<Job, 'parameters' | 'group' | 'tenant'> {
  return {
    parameters: parameters === null ? null : JSON.parse(JSON.stringify(parameters)),
    group: storable(group),
    tenant: storable(tenant ?? null),
  }
}

function hasGroup({ group }: NewJob): boolean {
  return group !== null && group !== ''
}
