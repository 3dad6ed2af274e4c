import { Counter, type Registry } from 'prom-client'
import { ERRORS } from '../base/errors.ts'
import type { JobEvent, JobEventType } from '../job/event.ts'
import { isFinal, type Job, type JobState } from '../job/job.ts'
import { namedGroup } from '../job/queue-group.ts'
import { SeriesCounter } from './series-counter.ts'
import { SeriesHistogram } from './series-histogram.ts'

/** Why a job went back to the queue, by the fact that says so. */
const REASONS: Readonly<Partial<Record<JobEventType, string>>> = {
  'job.retried': 'retry',
  'job.rescued': 'rescue',
  'job.snoozed': 'snooze',
  'job.interrupted': 'interruption',
  'job.requeued': 'person',
}

const FINAL_STATES: readonly JobState[] = ['completed', 'failed', 'cancelled']

/** From the second to the month that a job may take. */
const JOB_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 604_800]

/** Hears what happened to a job; quick, and must not throw. */
export type JobEventListener = (event: JobEvent, job: Pick<Job, 'tenant' | 'group' | 'createdAt'>) => void

/** Counts what happens to jobs, as the engine tells it: each fact on the replica that wrote it. */
export function jobMetrics(registry: Registry): JobEventListener {
  const registers = [registry]
  const submitted = new SeriesCounter({
    name: 'longshore_jobs_submitted_total',
    help: 'Jobs accepted, by whether they belong to a group',
    labelNames: ['grouped'],
    registry,
  })
  const ended = new SeriesCounter({
    name: 'longshore_jobs_ended_total',
    help: 'Jobs that came to a final state, by whether they belong to a group',
    labelNames: ['state', 'grouped'],
    registry,
  })
  const requeued = new Counter({
    name: 'longshore_jobs_requeued_total',
    help: 'Jobs that went back to the queue: retry, rescue, snooze, interruption, person',
    labelNames: ['reason'],
    registers,
  })
  const failures = new Counter({
    name: 'longshore_attempt_failures_total',
    help: 'Attempts that failed, by code of the error table; WORKER_DIED are those that were rescued',
    labelNames: ['code'],
    registers,
  })
  const seconds = new SeriesHistogram({
    name: 'longshore_job_duration_seconds',
    help: 'Time from accepting a job to its final state, in seconds, with all its attempts',
    labelNames: ['state'],
    buckets: JOB_SECONDS,
    registry,
  })
  for (const reason of Object.values(REASONS)) requeued.inc({ reason }, 0)
  for (const state of FINAL_STATES) for (const word of ['yes', 'no']) ended.add(`${state} ${word}`, 0)
  return (event, job) => {
    const { type, state, data } = event
    if (type === 'job.queued') submitted.add(grouped(job))
    const reason = REASONS[type]
    if (reason !== undefined) requeued.inc({ reason })
    if (data.code !== undefined) failures.inc({ code: knownCode(data.code) })
    if (!isFinal(state)) return
    ended.add(`${state} ${grouped(job)}`)
    seconds.add(state, Math.max(0, event.at - job.createdAt) / 1000)
  }
}

/** Names of groups are the submitters' own, without bound; whether there is one is all that a label can hold. */
function grouped(job: Pick<Job, 'tenant' | 'group'>): string {
  return namedGroup(job) === null ? 'no' : 'yes'
}

function knownCode(code: unknown): string {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? code : 'OTHER'
}
