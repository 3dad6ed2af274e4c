import type { JobEventType } from './event.ts'
import type { JobState } from './job.ts'

/** Every legal move, by the fact that makes it: what an engine may write and nothing else. */
export const TRANSITIONS: Readonly<
  Record<JobEventType, { from: readonly (JobState | 'none')[]; to: JobState | 'same' }>
> = {
  'job.queued': { from: ['none'], to: 'queued' },
  'job.started': { from: ['queued'], to: 'processing' },
  'job.progressed': { from: ['processing'], to: 'same' },
  'job.retried': { from: ['processing'], to: 'queued' },
  'job.snoozed': { from: ['processing'], to: 'queued' },
  'job.interrupted': { from: ['processing'], to: 'queued' },
  'job.rescued': { from: ['processing'], to: 'queued' },
  'job.cancel_requested': { from: ['processing'], to: 'same' },
  'job.requeued': { from: ['failed', 'cancelled'], to: 'queued' },
  'job.completed': { from: ['processing'], to: 'completed' },
  'job.failed': { from: ['processing'], to: 'failed' },
  'job.cancelled': { from: ['queued', 'processing'], to: 'cancelled' },
}

/** Whether a job in state `from` may be moved by the fact `event`. */
export function mayHappen(event: JobEventType, from: JobState | 'none'): boolean {
  return TRANSITIONS[event].from.includes(from)
}
