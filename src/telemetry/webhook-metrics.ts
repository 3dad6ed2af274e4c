import { Counter, Gauge, type Registry } from 'prom-client'
import type { Clock } from '../base/clock.ts'
import { SeriesHistogram } from './series-histogram.ts'
import type { Tally } from './work-metrics.ts'

const POST_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

const OUTCOMES = ['delivered', 'retried', 'failed', 'interrupted'] as const

/** Counts and times what is sent to receivers. Their names are the submitters' own, without bound, so no label has them. */
export function webhookMetrics(registry: Registry): Tally {
  const seconds = new SeriesHistogram({
    name: 'longshore_webhook_duration_seconds',
    help: 'Time of each try of a webhook, in seconds, failed ones too',
    labelNames: ['outcome'],
    buckets: POST_SECONDS,
    registry,
  })
  const tries = new Counter({
    name: 'longshore_webhook_attempts_total',
    help: 'Tries of webhooks by this process, by what they came to; failed are given up, retried are tried again',
    labelNames: ['outcome'],
    registers: [registry],
  })
  for (const outcome of OUTCOMES) tries.inc({ outcome }, 0)
  return {
    'webhook.tried': ({ outcome, durationMs }) => {
      tries.inc({ outcome })
      seconds.add(outcome, durationMs / 1000)
    },
  }
}

/** What a scrape looks at. */
export interface ScrapedDeliveries {
  clock: Clock
  /** How many deliveries are on their way, cheaply. */
  deliveryCounts(): Promise<{ pending: number; oldestDueAt: number | null }>
}

/** Answers how to read the gauges of deliveries anew; what cannot be read is left out. */
export function deliveryGauges(registry: Registry, { clock, deliveryCounts }: ScrapedDeliveries): () => Promise<void> {
  const registers = [registry]
  const pending = new Gauge({
    name: 'longshore_webhook_deliveries_pending',
    help: 'Deliveries that are not over, in the whole service: every replica tells the same',
    registers,
  })
  const overdue = new Gauge({
    name: 'longshore_webhook_oldest_due_age_seconds',
    help: 'How long the delivery that has been due longest waits to be sent, in seconds; 0 when none is due',
    registers,
  })
  return async () => {
    const counts = await deliveryCounts().catch(() => undefined)
    if (counts === undefined) {
      pending.remove({})
      overdue.remove({})
      return
    }
    pending.set(counts.pending)
    overdue.set(counts.oldestDueAt === null ? 0 : Math.max(0, clock.now() - counts.oldestDueAt) / 1000)
  }
}
