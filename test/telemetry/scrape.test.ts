import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatKeyEntry } from '../../src/access/api-key.ts'
import { buildService } from '../../src/service.ts'
import { type Family, parseExposition, sampleOf } from '../support/exposition.ts'
import { FixtureProcessor } from '../support/fixture-processor.ts'
import { noPromtool, promtool } from '../support/promtool.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'

const KEY = 'a-key-of-more-than-16-characters'

async function scrapeOf(url: string): Promise<{ text: string; found: Map<string, Family> }> {
  const answer = await fetch(`${url}/metrics`)
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  return { text, found: parseExposition(text) }
}

/** A service that did jobs of every end. */
async function busyService() {
  const service = await openService({ MAX_CONCURRENT_JOBS: '2' })
  const { api } = service
  const ids = [
    await api.upload({ 'a.txt': 'hello' }, { parameters: { records: 2 } }),
    await api.upload({ 'b.txt': 'hello' }, { parameters: { fail: 'unrecoverable' }, group: 'tenant-7' }),
    await api.upload({ 'c.txt': 'hello' }, { parameters: { failUntil: 2 } }),
    await api.upload({ 'd.txt': 'hello' }, { delay_seconds: 3600 }),
  ]
  const [completed = '', failed = '', retried = '', cancelled = ''] = ids
  await api.post(`/jobs/${cancelled}/cancel`)
  for (const id of ids) await api.ended(id)
  await fetch(`${api.url}/nowhere/${completed}`)
  return { service, ids: { completed, failed, retried, cancelled } }
}

test('a scrape tells what the service did', async () => {
  const { service } = await busyService()
  await using _ = service
  const { found } = await scrapeOf(service.api.url)
  const value = (name: string, labels?: Record<string, string>) => sampleOf(found, name, labels)
  assert.equal(value('longshore_jobs', { state: 'completed' }), 2)
  assert.equal(value('longshore_jobs', { state: 'failed' }), 1)
  assert.equal(value('longshore_jobs', { state: 'cancelled' }), 1)
  assert.equal(value('longshore_jobs_ended_total', { state: 'failed', grouped: 'yes' }), 1)
  assert.equal(value('longshore_jobs_requeued_total', { reason: 'retry' }), 1)
  assert.equal(value('longshore_attempt_failures_total', { code: 'UNRECOVERABLE' }), 1)
  assert.equal(value('longshore_attempts_total', { outcome: 'completed' }), 2)
  assert.equal(value('longshore_attempts_total', { outcome: 'failed' }), 2)
  for (const stage of ['wait', 'download', 'process', 'settle']) {
    assert.equal(value('longshore_stage_duration_seconds_count', { stage }), 4, stage)
  }
  assert.equal(value('longshore_stage_duration_seconds_count', { stage: 'output' }), 2)
  assert.equal(value('longshore_attempts_running', { stage: 'process' }), 0)
  assert.equal(value('longshore_input_bytes_total'), 4 * 'hello'.length)
  assert.ok((value('longshore_output_bytes_total') ?? 0) > 0)
  assert.equal(value('longshore_worker_slots'), 2)
  assert.equal(value('longshore_engine_call_duration_seconds_count', { verb: 'insert' }), 4)
  assert.equal(value('longshore_engine_call_duration_seconds_count', { verb: 'settle' }), 4)
  assert.ok((value('longshore_store_written_bytes_total') ?? 0) > 4 * 'hello'.length)
  assert.equal(value('longshore_engine_call_duration_seconds_count', { verb: 'schedules.nextTick' }), 1)
  assert.equal(value('longshore_http_problems_total', { code: 'ROUTE_NOT_FOUND' }), 1)
  const uploads = { method: 'POST', route: '/ingest/upload', status: '2xx' }
  assert.equal(value('longshore_http_request_duration_seconds_count', uploads), 4)
  assert.equal(value('longshore_http_request_duration_seconds_count', { route: 'none', status: '4xx' }), 1)
  assert.equal(value('longshore_build_info', { processor: 'fixture', processor_version: '1.2.3' }), 1)
})

test('no label holds an id or the name of a group', async () => {
  const { service, ids } = await busyService()
  await using _ = service
  const { text } = await scrapeOf(service.api.url)
  for (const name of [...Object.values(ids), 'tenant-7']) assert.ok(!text.includes(name), name)
})

test('promtool finds nothing to say against the metrics', { skip: noPromtool }, async () => {
  const { service } = await busyService()
  await using _ = service
  promtool(['check', 'metrics'], (await scrapeOf(service.api.url)).text)
})

test('where keys are set, metrics need one, and no rate limit keeps a scraper out', async () => {
  await using service = await openService({ API_KEYS: KEY, RATE_LIMIT_PER_MINUTE: '1' })
  const { url } = service.api
  const scrape = (key?: string) => fetch(`${url}/metrics`, { headers: key ? { authorization: `Bearer ${key}` } : {} })
  assert.equal((await scrape()).status, 401)
  for (let n = 0; n < 3; n++) assert.equal((await scrape(KEY)).status, 200)
})

test('a key with a tenant is refused: the figures are those of all tenants', async () => {
  const [ours, operator] = ['key-of-the-tenant-acme', 'key-of-the-operator']
  const scopes = ['read'] as const
  const entries = [formatKeyEntry(ours, { tenant: 'acme', scopes }), formatKeyEntry(operator, { scopes })]
  await using service = await openService({ API_KEYS: entries.join(',') })
  const scrape = (key: string) => fetch(`${service.api.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })
  const refused = await scrape(ours)
  const problem = (await refused.json()) as { code: string; detail: string }
  assert.equal(refused.status, 403)
  assert.equal(problem.code, 'FORBIDDEN')
  assert.match(problem.detail, /GET \/stats/)
  const text = await (await scrape(operator)).text()
  assert.match(text, /longshore_http_problems_total\{code="FORBIDDEN"\} 1/)
  assert.ok(!text.includes('acme'))
})

test('METRICS=false serves none, and says so', async () => {
  await using service = await openService({ METRICS: 'false' })
  const answer = await fetch(`${service.api.url}/metrics`)
  const problem = (await answer.json()) as { code: string; detail: string }
  assert.equal(answer.status, 404)
  assert.equal(problem.code, 'ROUTE_NOT_FOUND')
  assert.match(problem.detail, /METRICS=false/)
})

test('there are slots only while work is taken', async () => {
  await using folder = await tempFolder()
  const settings = { DATA_DIR: folder.path, LOG_LEVEL: 'silent' }
  const { app, work, drain } = buildService(new FixtureProcessor(), { settings }, { works: 'when asked' })
  const slots = async () => {
    const { body } = await app.inject({ url: '/metrics' })
    return sampleOf(parseExposition(body), 'longshore_worker_slots')
  }
  assert.equal(await slots(), 0)
  await work()
  assert.equal(await slots(), 3)
  await drain()
  assert.equal(await slots(), 0)
  await app.close()
})
