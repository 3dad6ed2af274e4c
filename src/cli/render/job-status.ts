import type { Job, JobStatus } from '@longshore/client'
import type { Paint, Style } from '../output.ts'
import { showBytes, showSpan } from './quantities.ts'
import { safeText } from './safe-text.ts'

const LOOKS: Readonly<Record<JobStatus, { mark: string; style: Style }>> = {
  queued: { mark: '○', style: 'dim' },
  processing: { mark: '●', style: 'cyan' },
  completed: { mark: '✓', style: 'green' },
  failed: { mark: '✗', style: 'red' },
  cancelled: { mark: '–', style: 'yellow' },
}

/** A sign of one column for a status. */
export function statusMark(status: JobStatus, paint: Paint): string {
  const { mark, style } = LOOKS[status]
  return paint(style, mark)
}

/** The word of a status. */
export function statusWord(status: JobStatus, paint: Paint): string {
  return paint(LOOKS[status].style, status)
}

/** What there is to say about where a job stands, in a few words. */
export function describeState(job: Job, nowMs: number): string {
  switch (job.status) {
    case 'queued':
      return describeQueued(job, nowMs)
    case 'processing':
      return describeProgress(job)
    case 'completed':
      return `${job.files.done} of ${job.files.total} files, ${showBytes(job.files.bytes)}`
    case 'failed':
      return safeText(job.error ?? '')
    case 'cancelled':
      return safeText(job.error ?? '')
  }
}

function describeQueued(job: Job, nowMs: number): string {
  const dueInMs = Date.parse(job.run_at) - nowMs
  const after = job.attempt > 0 ? `, after attempt ${job.attempt} of ${job.max_attempts}` : ''
  if (dueInMs >= 1000) return `due in ${showSpan(dueInMs)}${after}`
  return job.queue_position === null ? `waiting${after}` : `${job.queue_position} before it${after}`
}

function describeProgress({ progress, attempt, max_attempts, cancel_requested_at, eta_seconds }: Job): string {
  const percent = progress?.percent === undefined ? '' : `${Math.floor(progress.percent)}%`
  // Of a job that is processing, the word of its stage is most often the same.
  const stage = progress?.stage === 'processing' ? '' : safeText(progress?.stage ?? '')
  const eta = eta_seconds === null || eta_seconds < 1 ? '' : `${showSpan(eta_seconds * 1000)} left`
  const again = attempt > 1 ? `attempt ${attempt} of ${max_attempts}` : ''
  const stopping = cancel_requested_at === null ? '' : 'stopping'
  const message = safeText(progress?.message ?? '')
  return [percent.padStart(4), stage, stopping, again, eta, message].filter((part) => part.trim() !== '').join(' · ')
}
