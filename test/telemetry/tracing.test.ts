import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { JobInput } from '../../src/index.ts'
import { Api } from '../support/api.ts'
import { deliveryOf } from '../support/deliveries.ts'
import { IngestClient } from '../support/ingest-client.ts'
import { openReceiver, WEBHOOK_SECRET } from '../support/receiver.ts'
import { openScriptedService } from '../support/scripted-service.ts'
import { spansOf, treeOf } from '../support/trace-recorder.ts'

/** A client's span, which is in no recorder of ours. */
function clientSpan() {
  const traceId = randomBytes(16).toString('hex')
  const spanId = randomBytes(8).toString('hex')
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` }
}

/** A client that says to which span its requests belong. */
class TracedApi extends Api {
  readonly #traceparent: string

  constructor(url: string, traceparent: string) {
    super(url)
    this.#traceparent = traceparent
  }

  override post(path: string, body?: unknown): Promise<Response> {
    const headers = { 'content-type': 'application/json', traceparent: this.#traceparent }
    return fetch(`${this.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  }
}

async function upload(api: Api, traceparent: string, fields: Record<string, string> = {}) {
  const body = new FormData()
  body.append('file', new Blob(['x']), 'x.txt')
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  const answer = await fetch(`${api.url}/ingest/upload`, { method: 'POST', headers: { traceparent }, body })
  const { job_id } = (await answer.json()) as { job_id: string }
  return { id: job_id, answer }
}

async function writeTwo({ outputs }: JobInput): Promise<null> {
  await outputs.file('a.txt').write(Buffer.from('a'))
  await outputs.file('b.txt').write(Buffer.from('b'))
  return null
}

function named(spans: readonly ReadableSpan[], name: string): ReadableSpan {
  return spans.find((span) => span.name === name) ?? assert.fail(`no span ${name}: ${treeOf(spans)}`)
}

const EPOCH = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e9 + nanos

test('one trace shows a job from its request to its settlement', async () => {
  await using service = await openScriptedService(writeTwo)
  const client = clientSpan()
  const { id } = await upload(service.api, client.traceparent)
  await service.api.ended(id)
  const spans = spansOf(client.traceId)
  assert.deepEqual(treeOf(spans).sort(), [
    '      job.claim',
    '      job.download',
    '      job.output',
    '      job.output.object',
    '      job.output.object',
    '      job.process',
    '      job.settle',
    '    job.attempt',
    '    job.wait',
    '  job.enqueue',
    'POST /ingest/upload',
  ])
  const request = named(spans, 'POST /ingest/upload')
  assert.equal(request.parentSpanContext?.spanId, client.spanId)
  assert.equal(request.kind, SpanKind.SERVER)
  assert.partialDeepStrictEqual(request.attributes, {
    'http.route': '/ingest/upload',
    'http.response.status_code': 202,
  })
  const attempt = named(spans, 'job.attempt')
  assert.partialDeepStrictEqual(attempt.attributes, {
    'longshore.job.id': id,
    'longshore.job.attempt': 1,
    'longshore.job.outcome': 'completed',
  })
  for (const span of spans)
    assert.ok(EPOCH(span.endTime) >= EPOCH(span.startTime), `${span.name} ends before it begins`)
  const settled = EPOCH(named(spans, 'job.settle').endTime)
  assert.ok(EPOCH(attempt.endTime) >= settled)
  const keys = spans.flatMap(({ attributes }) => attributes['longshore.object.key'] ?? [])
  assert.deepEqual(keys.sort(), [`results/${id}/a.txt`, `results/${id}/b.txt`])
})

test('a job submitted by manifest or by an upload session belongs to the trace of its request', async () => {
  await using service = await openScriptedService(writeTwo)
  const stored = await upload(service.api, clientSpan().traceparent)
  const byManifest = clientSpan()
  const manual = new TracedApi(service.api.url, byManifest.traceparent)
  const manifest = { manifest_inline: { files: [`s3://longshore/datasets/${stored.id}/x.txt`] } }
  const { job_id } = (await (await manual.post('/jobs', manifest)).json()) as { job_id: string }
  await service.api.ended(job_id)
  assert.deepEqual(treeOf(spansOf(byManifest.traceId)).slice(0, 2), ['POST /jobs', '  job.enqueue'])
  named(spansOf(byManifest.traceId), 'job.settle')

  const bySession = clientSpan()
  const ingest = await IngestClient.start(new TracedApi(service.api.url, bySession.traceparent), {
    'y.txt': Buffer.from('y'),
  })
  for (const file of ingest.files) await ingest.completed(file, await ingest.putAll(file))
  await service.api.ended(ingest.jobId)
  named(spansOf(bySession.traceId), 'POST /ingest/start')
  named(spansOf(bySession.traceId), 'job.settle')
})

test('a job of a schedule has a trace of its own when a tick made it, and that of the request when a person did', async () => {
  const traceIds = new Map<string, string>()
  await using service = await openScriptedService(
    ({ schedule, traceparent }) => {
      traceIds.set(schedule?.tick ? 'tick' : 'hand', String(traceparent).split('-')[1] ?? '')
      return null
    },
    { MIN_SCHEDULE_INTERVAL_SECONDS: '1' },
  )
  const stored = await upload(service.api, clientSpan().traceparent)
  await service.api.ended(stored.id)
  traceIds.clear()
  const client = clientSpan()
  const api = new TracedApi(service.api.url, client.traceparent)
  const job = { manifest_inline: { files: [`s3://longshore/datasets/${stored.id}/x.txt`] } }
  await api.post('/schedules', { name: 's', cron: '* * * * * *', overlap: 'allow', job })
  await api.post('/schedules/s/run')
  while (traceIds.size < 2) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(traceIds.get('hand'), client.traceId)
  const ofTick = traceIds.get('tick') ?? ''
  while (!spansOf(ofTick).some(({ name }) => name === 'job.settle'))
    await new Promise((resolve) => setImmediate(resolve))
  assert.notEqual(ofTick, client.traceId)
  assert.equal(treeOf(spansOf(ofTick))[0], 'job.enqueue')
  const { attributes } = named(spansOf(ofTick), 'job.enqueue')
  assert.equal(attributes['longshore.schedule'], 's')
  assert.ok(attributes['longshore.job.id'])
})

test('the processor finds its span, as text and as the active one', async () => {
  const seen: (string | null)[] = []
  await using service = await openScriptedService(async ({ traceparent }) => {
    seen.push(traceparent)
    await Promise.resolve()
    trace.getTracer('of the processor').startSpan('its own').end()
    return null
  })
  const client = clientSpan()
  await service.api.ended((await upload(service.api, client.traceparent)).id)
  const spans = spansOf(client.traceId)
  const process = named(spans, 'job.process').spanContext()
  assert.deepEqual(seen, [`00-${client.traceId}-${process.spanId}-01`])
  assert.equal(named(spans, 'its own').parentSpanContext?.spanId, process.spanId)
})

test('every attempt of a job is in its trace, the failed ones marked, without what their errors say', async () => {
  await using service = await openScriptedService(({ attempt }) => {
    if (attempt === 1) throw new Error('a secret reason')
    return null
  })
  const client = clientSpan()
  await service.api.ended((await upload(service.api, client.traceparent)).id)
  const attempts = spansOf(client.traceId).filter(({ name }) => name === 'job.attempt')
  assert.deepEqual(
    attempts.map(({ attributes, status }) => [attributes['longshore.job.outcome'], status.code]),
    [
      ['failed', SpanStatusCode.ERROR],
      ['completed', SpanStatusCode.UNSET],
    ],
  )
  const told = spansOf(client.traceId).map(({ attributes, events, status }) =>
    JSON.stringify([attributes, events, status]),
  )
  assert.ok(!told.join().includes('secret'))
})

test('an answer names the span of its request, in the trace the client began or in a new one', async () => {
  await using service = await openScriptedService(() => null)
  const health = `${service.api.url}/health`
  const client = clientSpan()
  const headers = [{ traceparent: client.traceparent }, {}, { traceparent: 'nonsense' }, {}]
  const told: string[] = []
  for (const each of headers) told.push((await fetch(health, { headers: each })).headers.get('traceparent') ?? '')
  const [first = '', ...rest] = told.map((each) => each.split('-')[1] ?? '')
  assert.equal(first, client.traceId)
  assert.equal(new Set(told).size, headers.length)
  assert.equal(new Set([first, ...rest]).size, headers.length, 'requests of one connection have traces of their own')
})

test('a span ends with the status of its answer, and probes have none', async () => {
  await using service = await openScriptedService(() => null)
  const client = clientSpan()
  const headers = { traceparent: client.traceparent }
  const signed = '/objects/longshore/k.txt?expires=1&signature=secret'
  for (const path of ['/jobs/none', signed, '/healthz', '/readyz', '/metrics', '/nowhere']) {
    await fetch(`${service.api.url}${path}`, { headers })
  }
  const spans = spansOf(client.traceId)
  assert.deepEqual(
    spans.map(({ name, attributes }) => [name, attributes['http.response.status_code']]),
    [
      ['GET /jobs/:job_id', 404],
      ['GET /objects/:bucket/*', 403],
      ['GET none', 404],
    ],
  )
  assert.ok(!JSON.stringify(spans.map(({ attributes }) => attributes)).includes('secret'))
})

test('every try of a webhook has a span of its own, whose traceparent the receiver gets and whose URL stays secret', async () => {
  await using receiver = await openReceiver((n, response) => response.writeHead(n === 1 ? 410 : 204).end())
  const settings = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' }
  await using service = await openScriptedService(() => null, settings)
  const client = clientSpan()
  const tries = () => spansOf(client.traceId).filter(({ name }) => name === 'webhook.deliver')
  const tried = async (count: number): Promise<void> => {
    while (tries().length < count) await new Promise((resolve) => setImmediate(resolve))
  }
  const { id } = await upload(service.api, client.traceparent, { callback_url: `${receiver.url}?key=a-secret` })
  await tried(1)
  const { delivery_id } = await deliveryOf(service.api, id, ({ status }) => status === 'failed')
  await service.api.post(`/jobs/${id}/webhooks/${delivery_id}/resend`)
  await tried(2)
  const [failed = assert.fail(), delivered = assert.fail()] = tries()
  const about = { 'longshore.job.id': id, 'longshore.delivery.id': delivery_id }
  assert.partialDeepStrictEqual(failed.attributes, {
    ...about,
    'longshore.delivery.attempt': 1,
    'longshore.delivery.state': 'failed',
    'server.address': `127.0.0.1:${receiver.port}`,
    'http.response.status_code': 410,
    'error.type': '410',
  })
  assert.partialDeepStrictEqual(delivered.attributes, { ...about, 'longshore.delivery.attempt': 2 })
  assert.deepEqual([failed.status.code, delivered.status.code], [SpanStatusCode.ERROR, SpanStatusCode.UNSET])
  assert.equal(failed.kind, SpanKind.CLIENT)
  const enqueue = named(spansOf(client.traceId), 'job.enqueue').spanContext().spanId
  for (const [n, span] of [failed, delivered].entries()) {
    assert.equal(span.parentSpanContext?.spanId, enqueue)
    assert.equal(receiver.received[n]?.headers.traceparent, `00-${client.traceId}-${span.spanContext().spanId}-01`)
    assert.ok(!JSON.stringify(span.attributes).includes('a-secret'))
  }
})

test('what the client does not record is not recorded here', async () => {
  await using service = await openScriptedService(() => null)
  const { traceId, spanId } = clientSpan()
  await service.api.ended((await upload(service.api, `00-${traceId}-${spanId}-00`)).id)
  assert.deepEqual(spansOf(traceId), [])
})
