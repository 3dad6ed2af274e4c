import type { Logger } from 'pino'
import type { Clock } from '../base/clock.ts'
import type { Facts } from '../telemetry/facts.ts'
import type { HearTicks, SchedulerParts } from './scheduler.ts'

/** Writes to the service's log what ticks came to, and why some made no job, and tells it as facts. */
export function tellTicks(log: Pick<Logger, 'info' | 'warn'>, clock: Clock, facts?: Facts): HearTicks {
  return ({ name, tenant }, { fired, skipped, replaced }) => {
    const whose = { schedule: name, ...(tenant !== null && { tenant }) }
    for (const { tick, jobId } of fired) {
      const lateMs = tick === null ? null : Math.max(0, clock.now() - tick)
      log.info({ ...whose, tick: textOf(tick), job_id: jobId }, 'schedule.fired')
      facts?.tell({ type: 'schedule.fired', lateMs })
    }
    for (const { reason, tick, count, message } of skipped) {
      log.warn({ ...whose, tick: textOf(tick), reason, count }, `schedule.skipped: ${message}`)
      facts?.tell({ type: 'schedule.skipped', reason, count })
    }
    if (replaced.length > 0) log.info({ ...whose, jobs: replaced }, 'schedule.replaced')
  }
}

/** Writes to the service's log that ticks of a tenant wait. */
export function tellWaiting(log: Pick<Logger, 'warn'>): SchedulerParts['waits'] {
  return (tenant, { message }) => log.warn({ ...(tenant !== null && { tenant }) }, `schedule.waiting: ${message}`)
}

function textOf(tick: number | null): string | null {
  return tick === null ? null : new Date(tick).toISOString()
}
