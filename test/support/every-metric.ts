import { JOB_EVENT_TYPES } from '../../src/job/event.ts'
import type { Fact } from '../../src/telemetry/facts.ts'
import { type Family, parseExposition } from './exposition.ts'
import { job, metricsOf } from './metrics-here.ts'

const FACTS: readonly Fact[] = [
  { type: 'request.answered', method: 'GET', route: '/jobs', status: 200, durationMs: 1 },
  { type: 'request.refused', code: 'OVERLOADED' },
  { type: 'requests.held', count: 1 },
  { type: 'engine.called', verb: 'insert', durationMs: 1, code: 'ENGINE_UNAVAILABLE' },
  { type: 'store.called', verb: 'put', durationMs: 1, code: 'STORE_UNAVAILABLE', bytes: 1 },
  { type: 'stage.began', stage: 'process' },
  { type: 'stage.ended', stage: 'process', durationMs: 1, bytes: 1 },
  { type: 'attempt.ended', verdict: 'completed' },
  {
    type: 'webhook.tried',
    ...{ outcome: 'delivered', durationMs: 1, status: 204, error: null, attempt: 1, nextAt: null },
    ...{ jobId: 'a', deliveryId: 'a-3', host: 'a.example', tenant: null, traceparent: null },
  },
]

/** Every metric a service can tell of, each with a value. */
export async function everyMetric(): Promise<Map<string, Family>> {
  const metrics = metricsOf()
  for (const fact of FACTS) metrics.hearFact(fact)
  for (const type of JOB_EVENT_TYPES) {
    metrics.hearEvent({ jobId: 'a', seq: 1, type, state: 'failed', at: 2_000, data: { code: 'TIMEOUT' } }, job())
  }
  return parseExposition(await metrics.render())
}

/** The labels of a metric, without the bucket of a histogram, in order. */
export function labelsOf({ samples }: Family): string[] {
  return [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].filter((name) => name !== 'le').sort()
}
