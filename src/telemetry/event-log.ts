import type { Level, Logger } from 'pino'
import { traceIdOf } from '../base/traceparent.ts'
import type { JobEvent, JobEventType } from '../job/event.ts'
import type { Job } from '../job/job.ts'

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
export function logEvents(logger: Logger): (event: JobEvent, job: Pick<Job, 'tenant' | 'traceparent'>) => void {
  return (event, { tenant, traceparent }) => {
    const level = LEVELS[event.type]
    if (level === undefined || !logger.isLevelEnabled(level)) return
    const traceId = traceIdOf(traceparent)
    const origin = {
      job_id: event.jobId,
      ...(tenant !== null && { tenant }),
      ...(traceId !== undefined && { trace_id: traceId }),
    }
    logger[level]({ ...origin, ...event.data }, event.type)
  }
}
