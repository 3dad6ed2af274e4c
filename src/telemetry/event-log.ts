import type { Level, Logger } from 'pino'
import type { JobEvent, JobEventType } from '../job/event.ts'

/** How loud each fact is; progress is not logged. */
const LEVELS: Readonly<Partial<Record<JobEventType, Level>>> = {
  'job.queued': 'debug',
  'job.started': 'debug',
  'job.snoozed': 'info',
  'job.interrupted': 'info',
  'job.requeued': 'info',
  'job.cancel_requested': 'info',
  'job.completed': 'info',
  'job.cancelled': 'info',
  'job.retried': 'warn',
  'job.rescued': 'warn',
  'job.failed': 'warn',
}

/** Writes the facts about jobs to the service's log. */
export function logEvents(logger: Logger): (event: JobEvent) => void {
  return (event) => {
    const level = LEVELS[event.type]
    if (level === undefined || !logger.isLevelEnabled(level)) return
    logger[level]({ job_id: event.jobId, ...event.data }, event.type)
  }
}
