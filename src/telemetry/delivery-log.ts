import type { Level, Logger } from 'pino'
import { traceIdOf } from '../base/traceparent.ts'
import type { Fact } from './facts.ts'

/** How loud each outcome is. */
const LEVELS = { delivered: 'info', retried: 'warn', failed: 'error', interrupted: 'info' } as const satisfies Record<
  Extract<Fact, { type: 'webhook.tried' }>['outcome'],
  Level
>

/** Writes to the service's log what came of each try of a webhook. Of its URL only the host: the rest may be a secret. */
export function logDeliveries(logger: Logger): (fact: Extract<Fact, { type: 'webhook.tried' }>) => void {
  return ({ jobId, deliveryId, host, outcome, status, error, attempt, nextAt, durationMs, tenant, traceparent }) => {
    const traceId = traceIdOf(traceparent)
    const origin = {
      job_id: jobId,
      delivery_id: deliveryId,
      ...(tenant !== null && { tenant }),
      ...(traceId !== undefined && { trace_id: traceId }),
    }
    const result = { host, attempt, http_status: status, duration_ms: durationMs, ...(error !== null && { error }) }
    const next = nextAt === null ? {} : { next_at: new Date(nextAt).toISOString() }
    logger[LEVELS[outcome]]({ ...origin, ...result, ...next }, `webhook.${outcome}`)
  }
}
