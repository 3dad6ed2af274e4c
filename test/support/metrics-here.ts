import { tmpdir } from 'node:os'
import type { QueueClass, QueueLook } from '../../src/engine/activity.ts'
import type { Job, JobState } from '../../src/job/job.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import type { Scraped } from '../../src/telemetry/state-metrics.ts'
import type { ScrapedDeliveries } from '../../src/telemetry/webhook-metrics.ts'
import { ManualClock } from './manual-clock.ts'

/** No jobs anywhere. */
export const STATES: Record<JobState, number> = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }

const NONE: QueueClass = { jobs: 0, oldestDueAt: null }

/** No job is due. */
export const NOTHING_DUE: QueueLook = { grouped: NONE, ungrouped: NONE }

/** A job as far as metrics look, and what they must not look at. */
export function job(wishes: Partial<Pick<Job, 'id' | 'state' | 'tenant' | 'group' | 'labels'>> = {}) {
  return {
    id: 'job-1',
    state: 'queued' as JobState,
    tenant: null,
    group: null,
    labels: {},
    createdAt: 1_000,
    ...wishes,
  }
}

/** Metrics without a service; it is 10 s past 1970. */
export function metricsOf(scraped: Partial<Scraped & ScrapedDeliveries> = {}): Metrics {
  const clock = new ManualClock(10_000)
  const counts = async () => ({ states: STATES })
  const budget = { cpu: 4, memoryBytes: 2048, scratchBytes: 4096 }
  const resources = () => ({ budget, used: { cpu: 1.5, memoryBytes: 1024, scratchBytes: 0 } })
  const queue = async () => NOTHING_DUE
  const deliveryCounts = async () => ({ pending: 0, oldestDueAt: null })
  return new Metrics(
    { name: 'test', version: '1.0.0' },
    { clock, counts, queue, deliveryCounts, slots: () => 3, resources, dataDir: tmpdir(), ...scraped },
  )
}
