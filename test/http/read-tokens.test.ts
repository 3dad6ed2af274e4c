import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatKeyEntry } from '../../src/access/api-key.ts'
import { verifyReadToken } from '../../src/access/read-token.ts'
import { ROUTES, type Route } from '../../src/contract/routes.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openTestService, type TestServiceOptions } from '../support/test-service.ts'
import { assertProblem, post, submit } from '../support/wire.ts'

const KEY = 'key-of-the-tenant-acme'
const bearer = { authorization: `Bearer ${KEY}` }

async function openWithJob(options: TestServiceOptions = {}, entry = formatKeyEntry(KEY, { tenant: 'acme' })) {
  const service = await openTestService({ settings: { API_KEYS: entry }, ...options })
  const { job_id: id } = (await submit(service.app, {}, bearer)).json<{ job_id: string }>()
  const make = async (body?: unknown): Promise<{ token: string; expires_at: string }> => {
    const answer = await post(service.app, `/jobs/${id}/tokens`, body ?? '', bearer)
    assert.equal(answer.statusCode, 201, answer.body)
    assert.equal(answer.headers['cache-control'], 'no-store')
    return answer.json()
  }
  return { service, id, make, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() }
}

const READING = Object.values(ROUTES as Record<string, Route>).filter(({ takesToken }) => takesToken)

test('a token reads its job wherever the table says, without a key, and no cache keeps what it opens', async () => {
  await using held = await openWithJob()
  const { token } = await held.make()
  await held.service.jobs.cancel(held.id)
  assert.equal(READING.length, 5)
  for (const { path } of READING) {
    const answer = await held.service.app.inject({ url: `${path.replace(':job_id', held.id)}?token=${token}` })
    assert.equal(answer.statusCode, 200, `${path}: ${answer.body}`)
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.headers['referrer-policy'], 'no-referrer')
  }
  assert.equal(
    (await held.service.app.inject({ method: 'HEAD', url: `/jobs/${held.id}?token=${token}` })).statusCode,
    200,
  )
})

test('a token opens no other route, method or job', async () => {
  await using held = await openWithJob()
  const { app } = held.service
  const { token } = await held.make()
  const other = (await submit(app, {}, bearer)).json<{ job_id: string }>().job_id
  for (const { path } of READING) {
    assertProblem(await app.inject({ url: `${path.replace(':job_id', other)}?token=${token}` }), 'UNAUTHENTICATED')
  }
  for (const [method, url] of [
    ['GET', '/jobs'],
    ['POST', '/jobs'],
    ['GET', '/metrics'],
    ['GET', '/whoami'],
    ['DELETE', `/jobs/${held.id}`],
    ['POST', `/jobs/${held.id}/cancel`],
    ['POST', `/jobs/${held.id}/tokens`],
    ['GET', `/jobs/${held.id}/webhooks`],
  ] as const) {
    assertProblem(await app.inject({ method, url: `${url}?token=${token}` }), 'UNAUTHENTICATED')
  }
  const asBearer = { authorization: `Bearer ${token}` }
  assertProblem(await app.inject({ url: `/jobs/${held.id}`, headers: asBearer }), 'UNAUTHENTICATED')
})

test('a changed, doubled, empty or ended token opens nothing, not even beside a good key', async () => {
  const clock = new ManualClock()
  await using held = await openWithJob({ clock })
  const { token, expires_at } = await held.make({ expires_in_seconds: 60 })
  assert.equal(Date.parse(expires_at), Math.floor(clock.now() / 1000) * 1000 + 60_000)
  const read = (query: string) => held.service.app.inject({ url: `/jobs/${held.id}?${query}`, headers: bearer })
  for (const wrong of ['', 'x', token.slice(0, -1), `${token}A`, token.replace('lst_', 'lst_1'), token.toUpperCase()]) {
    assertProblem(await read(`token=${wrong}`), 'UNAUTHENTICATED')
  }
  assertProblem(await read(`token=${token}&token=${token}`), 'UNAUTHENTICATED')
  assertProblem(await read(`token[]=${token}`), 'VALIDATION_FAILED')
  assert.equal((await read(`token=${token}`)).statusCode, 200)
  clock.advance(60_000)
  const ended = assertProblem(await read(`token=${token}`), 'UNAUTHENTICATED')
  assert.match(ended.detail, /expired/)
  assert.equal((await read('')).statusCode, 200)
})

test('nobody gives away a job that is not his, nor for longer than his key lasts', async () => {
  const clock = new ManualClock()
  const end = new Date(clock.now() + 120_000).toISOString().replace(/\.\d+Z/, 'Z')
  await using held = await openWithJob({ clock }, formatKeyEntry(KEY, { tenant: 'acme', expires: end }))
  assert.equal((await held.make({ expires_in_seconds: 3600 })).expires_at, end.replace('Z', '.000Z'))
  const { job } = await held.service.jobs.submit(held.service.jobs.draft({}), { files: [{ uri: 's3://longshore/a' }] })
  assertProblem(await post(held.service.app, `/jobs/${job.id}/tokens`, {}, bearer), 'JOB_NOT_FOUND')
  assertProblem(
    await post(held.service.app, `/jobs/${held.id}/tokens`, { expires_in_seconds: 1e9 }, bearer),
    'VALIDATION_FAILED',
  )
})

test('another secret makes other tokens', () => {
  assert.throws(() => verifyReadToken('a', 'id', 'lst_zzzzzz.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 0), {
    code: 'UNAUTHENTICATED',
  })
})
