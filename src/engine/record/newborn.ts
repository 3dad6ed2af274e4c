import type { Job, NewJob } from '../../job/job.ts'
import { fits, leftOf, type Resources } from '../../job/resources.ts'
import { patched, started } from './job-changes.ts'
import { addToRow, type StoredEvent } from './row-events.ts'

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
 * after would take. Whose turn it is among groups is the claim's to tell, so of jobs with groups it is all or none, one of
 * each group after the other; and with a limit only jobs without a group, which no limit concerns. The jobs must be all
 * that come at one moment.
 */
export function claimableAtBirth(due: readonly NewJob[], { slots, room, isLimited }: FreeSlots): readonly NewJob[] {
  if (slots === 0 || due.length === 0) return []
  const inOrder = inTurn(due.toSorted((a, b) => b.priority - a.priority || a.runAt - b.runAt))
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

/** Of each priority, the first job of each group, then the second of each. */
function inTurn(inOrder: readonly NewJob[]): readonly NewJob[] {
  if (!inOrder.some(hasGroup)) return inOrder
  const ofGroup = new Map<string, number>()
  const places = inOrder.map((job) => {
    const group = `${job.priority} ${job.group ?? ''}`
    const turn = ofGroup.get(group) ?? 0
    ofGroup.set(group, turn + 1)
    return { job, turn }
  })
  return places.sort((a, b) => b.job.priority - a.job.priority || a.turn - b.turn).map(({ job }) => job)
}

/** A claim that comes with the insert. */
export interface BirthClaim {
  worker: string
  leaseMs: number
  now: number
  /** That it began, which is the second event of each job that is claimed so. */
  started: StoredEvent
  /** The events in the row of each. */
  events: string
}

/** The claim of a worker for jobs that are inserted now. */
export function birthClaim({ worker, leaseMs }: Pick<BirthClaim, 'worker' | 'leaseMs'>, now: number): BirthClaim {
  const started: StoredEvent = { seq: 2, type: 'job.started', at: now, data: { attempt: 1, worker } }
  return { worker, leaseMs, now, started, events: addToRow('', started).row }
}

/** A fresh job with the claim that came with its insert. */
export function claimedJob(fresh: Job, { worker, leaseMs, now }: BirthClaim): Job {
  const { patch } = started(fresh, worker, leaseMs, now)
  return patched(fresh, { ...patch, version: 2, updatedAt: now })
}

function hasGroup({ group }: NewJob): boolean {
  return group !== null && group !== ''
}
