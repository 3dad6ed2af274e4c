import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { logDeliveries } from '../../src/telemetry/delivery-log.ts'

const TRIED = {
  type: 'webhook.tried',
  ...{ durationMs: 12, status: 500, error: 'It answered 500.', attempt: 2, nextAt: 60_000 },
  ...{ jobId: 'job-1', deliveryId: 'job-1-3', host: 'a.example' },
} as const

test('a try of a webhook is a line with its job, its tenant and its trace, as loud as what came of it', () => {
  const lines: Record<string, unknown>[] = []
  const log = logDeliveries(pino({ base: null }, { write: (text: string) => lines.push(JSON.parse(text)) }))
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  log({ ...TRIED, outcome: 'retried', tenant: 'acme', traceparent })
  log({ ...TRIED, outcome: 'delivered', tenant: null, traceparent: null })
  const [retried, delivered] = lines
  assert.partialDeepStrictEqual(retried, {
    ...{ level: 40, msg: 'webhook.retried', job_id: 'job-1', delivery_id: 'job-1-3', tenant: 'acme', attempt: 2 },
    ...{ trace_id: '0af7651916cd43dd8448eb211c80319c', next_at: '1970-01-01T00:01:00.000Z' },
  })
  assert.equal(delivered?.level, 30)
  assert.ok(delivered && !('tenant' in delivered) && !('trace_id' in delivered))
})
