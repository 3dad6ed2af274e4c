import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Api } from '../support/api.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { openReceiver, WEBHOOK_SECRET } from '../support/receiver.ts'
import { openSite } from '../support/site.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

const SETTINGS = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' }
const MAIN_KILLED_AT_END = join(import.meta.dirname, '../support/killed-at-end-main.ts')
const JOBS = 60

test('replicas share what is to be told, and each end is told once', { skip }, async () => {
  await using receiver = await openReceiver()
  await using site = await openSite(server)
  const replicas = await Promise.all([site.start(SETTINGS), site.start(SETTINGS)])
  const apis = replicas.map(({ url }) => new Api(url))
  const submits = Array.from({ length: JOBS }, (_, n) => {
    const api = apis[n % 2] as Api
    return api.upload({ 'a.dat': 'abc' }, { callback_url: receiver.url })
  })
  const ids = await Promise.all(submits)
  await receiver.seen(JOBS)
  assert.deepEqual(receiver.faults, [])
  assert.deepEqual(receiver.received.map(({ body }) => body.data.job_id).sort(), ids.sort())
  for (const id of ids) {
    const path = `/jobs/${id}/webhooks`
    const statusOf = async () => (await apis[0]?.get<{ deliveries: { status: string }[] }>(path))?.deliveries[0]?.status
    while ((await statusOf()) === 'sending');
    assert.equal(await statusOf(), 'delivered')
  }
  assert.equal(receiver.asked, JOBS)
})

test('an end whose replica died before it could tell is told by another, with the next heartbeat', {
  skip,
}, async () => {
  await using receiver = await openReceiver()
  await using site = await openSite(server)
  const [dying, other] = await Promise.all([
    site.start({ ...SETTINGS, ROLE: 'worker' }, MAIN_KILLED_AT_END),
    site.start({ ...SETTINGS, ROLE: 'api' }),
  ])
  const id = await new Api(other.url).upload({ 'a.dat': 'abc' }, { callback_url: receiver.url })
  assert.equal(await dying.ended, 'SIGKILL')
  await receiver.seen(1)
  assert.deepEqual(
    receiver.received.map(({ body }) => [body.type, body.data.job_id]),
    [['job.completed', id]],
  )
})
