import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WEBHOOK_SECRET } from '../support/receiver.ts'
import { openTestService, type TestService, type TestServiceOptions } from '../support/test-service.ts'

const HOOK = 'https://app.example.org/hooks/42?token=do-not-tell'
const FILES = { files: ['s3://longshore/a.dat'] }

function openService(options: TestServiceOptions = {}): Promise<TestService> {
  return openTestService({ ...options, settings: { WEBHOOK_SECRET, ...options.settings } })
}

function submit(service: TestService, callback_url: unknown) {
  return service.app.inject({ method: 'POST', url: '/jobs', payload: { manifest_inline: FILES, callback_url } })
}

/** A job that has ended and whose end waits to be told; nothing is sent here. */
async function endedJob(service: TestService): Promise<string> {
  const { job_id } = (await submit(service, HOOK)).json()
  await service.settle(await service.claim(), { type: 'completed', result: { answer: 42 }, outputs: [] })
  return job_id
}

test('a callback URL is kept with the job, whatever way it was submitted, and shown without its query', async () => {
  await using service = await openService()
  const { app } = service
  const byManifest = (await submit(service, HOOK)).json()
  const form = new FormData()
  form.append('callback_url', HOOK)
  form.append('file', new Blob(['abc']), 'a.dat')
  const payload = new Response(form)
  const byForm = await app.inject({
    method: 'POST',
    url: '/ingest/upload',
    headers: { 'content-type': payload.headers.get('content-type') ?? '' },
    payload: Buffer.from(await payload.arrayBuffer()),
  })
  assert.equal(byForm.statusCode, 202, byForm.body)
  for (const { job_id } of [byManifest, byForm.json()]) {
    assert.equal((await service.jobs.get(job_id)).callbackUrl, HOOK)
    const job = (await app.inject(`/jobs/${job_id}`)).json()
    assert.equal(job.callback_url, 'https://app.example.org/hooks/42?…')
  }
  const started = await app.inject({
    method: 'POST',
    url: '/ingest/start',
    payload: { files: [{ filename: 'a.dat', size_bytes: 1 }], callback_url: HOOK },
  })
  assert.equal((await service.engine.ingests.get(started.json().job_id))?.draft.callbackUrl, HOOK)
})

test('a URL that can be none of a receiver is refused with the field that holds it', async () => {
  await using service = await openService()
  const wrong = ['', 'app.example.org', 'ftp://a.example/', 'file:///etc/passwd', 'javascript:alert(1)', 'http://', 7]
  const secretive = ['https://user:pass@a.example/', 'https://user@a.example/']
  for (const url of [...wrong, ...secretive, `https://a.example/${'x'.repeat(2048)}`]) {
    const answer = await submit(service, url)
    assert.equal(answer.json().code, 'VALIDATION_FAILED', String(url))
    assert.equal(answer.json().errors[0].pointer, '/callback_url')
    assert.ok(!answer.body.includes('user:pass'))
  }
  assert.deepEqual((await service.jobs.list({ limit: 1 })).items, [])
})

test('an address that is not public is refused at once, unless it is allowed', async () => {
  await using service = await openService()
  const hosts = ['127.0.0.1', '10.1.2.3', '169.254.169.254', '[::1]', '[::ffff:10.0.0.1]', '2130706433', 'localhost']
  for (const host of hosts) {
    const answer = await submit(service, `http://${host}:8080/hook`)
    assert.deepEqual([answer.statusCode, answer.json().code], [400, 'CALLBACK_URL_REFUSED'], host)
    assert.match(answer.json().detail, /WEBHOOK_ALLOW_PRIVATE/)
  }
  await using open = await openService({ settings: { WEBHOOK_ALLOW_PRIVATE: 'true' } })
  for (const host of hosts) assert.equal((await submit(open, `http://${host}:8080/hook`)).statusCode, 202, host)
})

test('without a secret a callback URL is refused: a receiver could not tell who speaks to it', async () => {
  await using service = await openTestService()
  const answer = await submit(service, HOOK)
  assert.deepEqual([answer.statusCode, answer.json().code], [400, 'WEBHOOKS_OFF'])
  assert.match(answer.json().detail, /WEBHOOK_SECRET/)
})

test('the deliveries of a job are listed without body, secret or query', async () => {
  await using service = await openService()
  const id = await endedJob(service)
  const answer = await service.app.inject(`/jobs/${id}/webhooks`)
  const { job_id, deliveries } = answer.json()
  assert.equal(job_id, id)
  const [{ created_at, expires_at, ...rest }] = deliveries
  assert.equal(Date.parse(expires_at) - Date.parse(created_at), 86_400_000)
  assert.deepEqual(rest, {
    delivery_id: `${id}-3`,
    type: 'job.completed',
    url: 'https://app.example.org/hooks/42?…',
    status: 'pending',
    next_at: created_at,
    attempt: 0,
    attempts: [],
  })
  assert.ok(!answer.body.includes('do-not-tell'))
  const [claimed] = (
    await service.engine.deliveries.claim({
      limit: 1,
      perHost: 1,
      maxBytes: 1_000_000,
      busy: new Map(),
      leaseMs: 60_000,
    })
  ).deliveries
  const body = JSON.parse(claimed?.body ?? '')
  const job = (await service.app.inject(`/jobs/${id}`)).json()
  assert.deepEqual(body, { type: 'job.completed', timestamp: job.updated_at, data: job })
})

test('a delivery is resent with its own id; one that is not there is not found', async () => {
  await using service = await openService()
  const id = await endedJob(service)
  const post = (path: string) => service.app.inject({ method: 'POST', url: `/jobs/${path}/resend` })
  const resent = await post(`${id}/webhooks/${id}-3`)
  assert.deepEqual([resent.statusCode, resent.json().delivery_id, resent.json().status], [202, `${id}-3`, 'pending'])
  assert.equal((await post(`${id}/webhooks/${id}-4`)).json().code, 'DELIVERY_NOT_FOUND')
  assert.equal((await post(`another/webhooks/${id}-3`)).json().code, 'JOB_NOT_FOUND')
  assert.equal((await service.app.inject('/jobs/another/webhooks')).json().code, 'JOB_NOT_FOUND')
  const other = await endedJob(service)
  assert.equal((await post(`${other}/webhooks/${id}-3`)).json().code, 'DELIVERY_NOT_FOUND')
})

test('deliveries go with their job', async () => {
  await using service = await openService()
  const id = await endedJob(service)
  assert.equal((await service.app.inject({ method: 'DELETE', url: `/jobs/${id}` })).statusCode, 204)
  assert.deepEqual(await service.engine.deliveries.counts(), { pending: 0, oldestDueAt: null })
})
