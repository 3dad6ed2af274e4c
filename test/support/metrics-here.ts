import { tmpdir } from 'node:os'
import type { Job, JobState } from '../../src/job/job.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import type { Scraped } from '../../src/telemetry/state-metrics.ts'
import type { ScrapedDeliveries } from '../../src/telemetry/webhook-metrics.ts'
import { ManualClock } from './manual-clock.ts'

/** No jobs anywhere. */
export const STATES: Record<JobState, number> = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }

/** A job as far as metrics look, and what they must not look at. */
export function job(wishes: Partial<Pick<Job, 'id' | 'state' | 'group' | 'labels'>> = {}) {
  return { id: 'job-1', state: 'queued' as JobState, group: null, labels: {}, createdAt: 1_000, ...wishes }
}

/** Metrics without a service; it is 10 s past 1970. */
export function metricsOf(scraped: Partial<Scraped & ScrapedDeliveries> = {}): Metrics {
  const clock = new ManualClock(10_000)
  const counts = async () => ({ states: STATES, oldestDueAt: null })
  const budget = { cpu: 4, memoryBytes: 2048, scratchBytes: 4096 }
  const resources = () => ({ budget, used: { cpu: 1.5, memoryBytes: 1024, scratchBytes: 0 } })
  const deliveryCounts = async () => ({ pending: 0, oldestDueAt: null })
  return new Metrics(
    { name: 'test', version: '1.0.0' },
    { clock, counts, deliveryCounts, slots: () => 3, resources, dataDir: tmpdir(), ...scraped },
  )
}
