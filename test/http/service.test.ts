import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatKeyEntry } from '../../src/access/api-key.ts'
import { Health } from '../../src/contract/service.ts'
import { memoryGuard } from '../../src/http/memory-guard.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openTestService } from '../support/test-service.ts'
import { assertProblem, submit, submitted } from '../support/wire.ts'

const KEYS = ['first-key-of-the-service', 'second-key-of-the-service']

test('health is what the original answers, with our name beside it', async () => {
  await using service = await openTestService()
  for (const url of ['/', '/health']) {
    const answer = await service.app.inject({ url })
    assert.deepEqual(Health.strict().parse(answer.json()), { status: 'healthy', version: '1.2.3', name: 'test' })
    assert.equal((await service.app.inject({ method: 'HEAD', url })).statusCode, 200)
  }
  assert.deepEqual((await service.app.inject({ url: '/healthz' })).json(), { status: 'alive' })
})

test('readiness answers 503 with every reason', async () => {
  let reasons: string[] = []
  await using service = await openTestService({ readiness: async () => reasons })
  assert.equal((await service.app.inject({ url: '/readyz' })).statusCode, 200)
  reasons = ['The store cannot be reached.']
  const answer = await service.app.inject({ url: '/readyz' })
  assert.equal(answer.statusCode, 503)
  assert.deepEqual(answer.json(), { status: 'not_ready', reasons })
  assert.match(String(answer.headers['retry-after']), /^\d+$/)
})

test('with keys, routes that need one refuse every other and take each of them', async () => {
  await using service = await openTestService({ settings: { API_KEYS: KEYS.join(',') } })
  for (const authorization of [
    undefined,
    'Bearer wrong',
    `Basic ${KEYS[0]}`,
    `Bearer ${KEYS[0]}x`,
    'Bearer',
    KEYS[0],
  ]) {
    const answer = await submit(service.app, {}, authorization === undefined ? {} : { authorization })
    assertProblem(answer, 'UNAUTHENTICATED')
    assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
  }
  for (const key of KEYS) {
    assert.equal((await submit(service.app, {}, { authorization: `Bearer ${key}` })).statusCode, 202)
  }
  for (const url of ['/', '/health', '/healthz', '/readyz', '/openapi.json', '/docs']) {
    assert.equal((await service.app.inject({ url })).statusCode, 200, url)
  }
})

test('a hash in the configuration lets in the key it is of, and not who sends the hash', async () => {
  const [plain, secret] = KEYS as [string, string]
  const entry = formatKeyEntry(secret)
  await using service = await openTestService({ settings: { API_KEYS: `${plain}, ${entry}` } })
  for (const key of [plain, secret]) {
    assert.equal((await submit(service.app, {}, { authorization: `Bearer ${key}` })).statusCode, 202)
  }
  for (const key of [entry, entry.slice('sha256:'.length)]) {
    assertProblem(await submit(service.app, {}, { authorization: `Bearer ${key}` }), 'UNAUTHENTICATED')
  }
})

test('a key is asked for before a body is read', async () => {
  await using service = await openTestService({ settings: { API_KEYS: KEYS.join(',') } })
  const answer = await service.app.inject({
    method: 'POST',
    url: '/jobs',
    headers: { 'content-type': 'application/json' },
    payload: '{"not JSON',
  })
  assertProblem(answer, 'UNAUTHENTICATED')
})

test('request ids and trace contexts are taken and returned, when they are plain', async () => {
  await using service = await openTestService()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const given = await service.app.inject({ url: '/nope', headers: { 'x-request-id': 'abc-1', traceparent } })
  assert.equal(given.headers['x-request-id'], 'abc-1')
  assert.equal(given.json().request_id, 'abc-1')
  assert.equal(given.headers.traceparent, traceparent)
  const odd = await service.app.inject({ url: '/nope', headers: { 'x-request-id': 'a<script>', traceparent: 'x' } })
  assert.match(String(odd.headers['x-request-id']), /^[\w-]+$/)
  assert.equal(odd.headers.traceparent, undefined)
  const [one, two] = await Promise.all([service.app.inject({ url: '/' }), service.app.inject({ url: '/' })])
  assert.notEqual(one.headers['x-request-id'], two.headers['x-request-id'])
})

test('beyond the rate limit requests are answered 429; whoever watches the service is not counted', async () => {
  await using service = await openTestService({ settings: { RATE_LIMIT_PER_MINUTE: '2' } })
  await submitted(service.app)
  await submitted(service.app)
  assertProblem(await submit(service.app), 'RATE_LIMITED')
  assert.equal((await service.app.inject({ url: '/readyz' })).statusCode, 200)
})

test('an error nobody expected tells the client nothing and the log everything', async () => {
  const logged: { err: { message: string }; request_id: string }[] = []
  const readiness = async (): Promise<string[]> => {
    throw new Error('password=hunter2')
  }
  await using service = await openTestService({ readiness, logged })
  const answer = await service.app.inject({ url: '/readyz' })
  const problem = assertProblem(answer, 'INTERNAL')
  assert.doesNotMatch(answer.body, /hunter2/)
  assert.equal(logged[0]?.err.message, 'password=hunter2')
  assert.equal(logged[0]?.request_id, problem.request_id)
})

test('a full disk is a 507, a store out of reach a 503', async () => {
  let failure: Error = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
  await using service = await openTestService({
    readiness: () => Promise.reject(failure),
  })
  assertProblem(await service.app.inject({ url: '/readyz' }), 'STORAGE_FULL')
  failure = new Error('x')
  assertProblem(await service.app.inject({ url: '/readyz' }), 'INTERNAL')
})

test('work is refused while the heap is almost full, and taken again when it is not', () => {
  const clock = new ManualClock()
  const heap = { used: 95, limit: 100 }
  const guard = memoryGuard(clock, () => heap)
  const refusals: unknown[] = []
  const ask = (): void => void refusals.push(guard({} as never)?.name)
  ask()
  heap.used = 10
  ask()
  clock.advance(1000)
  ask()
  assert.deepEqual(refusals, ['LongshoreError', 'LongshoreError', undefined])
})

test('closing ends streams and long polls instead of waiting for them', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const id = await submitted(service.app)
  const events = await fetch(`${url}/jobs/${id}/events`)
  const poll = fetch(`${url}/jobs/${id}?wait=60`)
  const held = new Promise((resolve) => service.app.server.once('request', resolve))
  await held
  const read = events.text()
  await service.app.close()
  assert.match(await read, /event: job\.queued/)
  assert.equal((await poll).status, 200)
})
