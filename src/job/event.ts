import type { JobState, JsonValue } from './job.ts'

/** Every fact about a job, past tense. */
export const JOB_EVENT_TYPES = [
  'job.queued',
  'job.started',
  'job.progressed',
  'job.retried',
  'job.snoozed',
  'job.interrupted',
  'job.rescued',
  'job.cancel_requested',
  'job.requeued',
  'job.completed',
  'job.failed',
  'job.cancelled',
] as const

export type JobEventType = (typeof JOB_EVENT_TYPES)[number]

/** A fact about one job. `seq` counts a job's events from 1. */
export interface JobEvent {
  jobId: string
  seq: number
  type: JobEventType
  /** The job's state after the fact. */
  state: JobState
  /** Milliseconds since 1970. */
  at: number
  /** What changed, e.g. the progress, the attempt, the error. */
  data: { [name: string]: JsonValue }
}
