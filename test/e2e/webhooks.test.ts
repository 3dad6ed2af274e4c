import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Api, type WireJob } from '../support/api.ts'
import { deliveryOf, type WireDelivery } from '../support/deliveries.ts'
import { openReceiver, WEBHOOK_SECRET } from '../support/receiver.ts'
import { openService } from '../support/service-here.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const SETTINGS = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true', METRICS: 'false' }
const MAIN_KILLED_AT_END = join(import.meta.dirname, '../support/killed-at-end-main.ts')
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const JOBS = 60
const KILLS = 3

const isDelivered = ({ status: state }: WireDelivery): boolean => state === 'delivered'

test('a receiver is told of the end with the job as it is read, signed, and in its trace', async () => {
  await using receiver = await openReceiver()
  await using service = await openService(SETTINGS)
  const answer = await fetch(`${service.api.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: TRACEPARENT },
    body: JSON.stringify({ manifest_inline: { files: ['s3://longshore/none.dat'] }, callback_url: receiver.url }),
  })
  const { job_id: id } = (await answer.json()) as WireJob
  await receiver.seen(1)
  const [told] = receiver.received
  assert.deepEqual(receiver.faults, [])
  assert.equal(told?.body.type, 'job.failed')
  assert.equal(told?.headers['content-type'], 'application/json')
  assert.equal(told?.headers.traceparent, TRACEPARENT)
  const { eta_seconds: _, ...job } = (await service.api.job(id)) as unknown as Record<string, unknown>
  const { eta_seconds: __, ...data } = told?.body.data ?? {}
  assert.deepEqual(data, job)
  assert.equal(told?.body.timestamp, job.completed_at)
  const done = await deliveryOf(service.api, id, isDelivered)
  assert.deepEqual(
    [done.delivery_id, done.type, done.attempt, done.attempts[0]?.http_status],
    [told?.id, 'job.failed', 1, 204],
  )
})

test('a job that is cancelled while it waits is told, too', async () => {
  await using receiver = await openReceiver()
  await using service = await openService(SETTINGS)
  const id = await service.api.upload({ 'a.dat': 'abc' }, { callback_url: receiver.url, delay_seconds: '3600' })
  assert.equal((await service.api.post(`/jobs/${id}/cancel`)).status, 202)
  await receiver.seen(1)
  assert.deepEqual(
    [receiver.received[0]?.body.type, receiver.received[0]?.body.data.status],
    ['job.cancelled', 'cancelled'],
  )
})

test('410 ends it, and a resend tells the same message once more', async () => {
  await using receiver = await openReceiver((n, response) => response.writeHead(n === 1 ? 410 : 204).end())
  await using service = await openService(SETTINGS)
  const id = await service.api.upload({ 'a.dat': 'abc' }, { callback_url: receiver.url })
  const failed = await deliveryOf(service.api, id, ({ status: state }) => state === 'failed')
  assert.deepEqual([failed.next_at, failed.attempts.map((attempt) => attempt.http_status)], [null, [410]])
  assert.equal((await service.api.post(`/jobs/${id}/webhooks/${failed.delivery_id}/resend`)).status, 202)
  const done = await deliveryOf(service.api, id, isDelivered)
  assert.equal(done.attempt, 2)
  const [first, second] = receiver.received
  assert.equal(first?.id, second?.id)
  assert.deepEqual(first?.body, second?.body)
})

test('an end that no kill leaves time to tell is told at the next start', async () => {
  await using folder = await tempFolder()
  await using receiver = await openReceiver()
  const settings = { ...SETTINGS, DATA_DIR: folder.path }
  await using first = await startService(settings, MAIN_KILLED_AT_END)
  const id = await new Api(first.url).upload({ 'a.dat': 'abc' }, { callback_url: receiver.url })
  assert.equal(await first.ended, 'SIGKILL')
  assert.equal(receiver.asked, 0)
  await using second = await startService(settings)
  await receiver.seen(1)
  const [told] = receiver.received
  assert.deepEqual([told?.body.type, told?.body.data.job_id], ['job.completed', id])
  assert.deepEqual((await deliveryOf(new Api(second.url), id, isDelivered)).attempt, 1)
})

test('a process killed while it tells tells again at its next start, with the same webhook-id', async () => {
  await using folder = await tempFolder()
  const settings = { ...SETTINGS, DATA_DIR: folder.path }
  await using receiver = await openReceiver((n, response) => {
    if (n > 1) response.writeHead(204).end()
  })
  await using first = await startService(settings)
  const id = await new Api(first.url).upload({ 'a.dat': 'abc' }, { callback_url: receiver.url })
  await receiver.seen(1)
  await first.kill('SIGKILL')
  await using second = await startService(settings)
  await receiver.seen(2)
  assert.equal(new Set(receiver.received.map((told) => told.id)).size, 1)
  assert.equal((await deliveryOf(new Api(second.url), id, isDelivered)).attempt, 1)
})

test('a stop gives back what it could not finish telling; the next start tells it, and the log has no secret of the URL', async () => {
  await using folder = await tempFolder()
  const settings = { ...SETTINGS, DATA_DIR: folder.path, SHUTDOWN_GRACE_SECONDS: '0' }
  await using receiver = await openReceiver((n, response) => {
    if (n > 1) response.writeHead(204).end()
  })
  await using first = await startService(settings)
  const id = await new Api(first.url).upload({ 'a.dat': 'abc' }, { callback_url: `${receiver.url}?token=do-not-tell` })
  await receiver.seen(1)
  assert.equal(await first.kill('SIGTERM'), 0)
  await using second = await startService(settings)
  await receiver.seen(2)
  assert.equal((await deliveryOf(new Api(second.url), id, isDelivered)).attempt, 1)
  assert.equal(await second.kill('SIGTERM'), 0)
  const log = [...first.lines, ...second.lines].join('\n')
  assert.match(log, /webhook\.interrupted/)
  assert.match(log, /webhook\.delivered/)
  assert.ok(!log.includes('do-not-tell'), 'of a URL only the host is logged')
})

test('whatever the moment of a crash, every end of an accepted job is told, each by one webhook-id', async () => {
  await using folder = await tempFolder()
  await using receiver = await openReceiver()
  const settings = { ...SETTINGS, DATA_DIR: folder.path, MAX_CONCURRENT_JOBS: '8', MAX_ATTEMPTS: '100' }
  let service = await startService({ ...settings, RETRY_BASE_SECONDS: '0' })
  const accepted = new Set<string>()
  const submitAll = async (): Promise<void> => {
    while (accepted.size < JOBS) {
      const options = { callback_url: receiver.url, parameters: { workMs: accepted.size % 3 } }
      const id = await new Api(service.url).upload({ 'a.dat': 'abc' }, options).catch(() => undefined)
      if (id !== undefined) accepted.add(id)
    }
  }
  const submitting = submitAll()
  for (let kill = 1; kill <= KILLS; kill++) {
    await receiver.seen((kill * JOBS) / (2 * KILLS))
    await service.kill('SIGKILL')
    service = await startService({ ...settings, RETRY_BASE_SECONDS: '0' })
  }
  await submitting
  for (const id of accepted) await deliveryOf(new Api(service.url), id, isDelivered)
  await service.kill('SIGTERM')
  const ids = new Map<string, Set<string>>()
  for (const { id, body } of receiver.received) {
    ids.set(body.data.job_id, (ids.get(body.data.job_id) ?? new Set()).add(id))
  }
  assert.deepEqual(
    [...accepted].filter((id) => ids.get(id)?.size !== 1),
    [],
  )
  assert.deepEqual(receiver.faults, [])
})
