import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { ROUTES } from '../../src/contract/routes.ts'
import { openTestService } from '../support/test-service.ts'
import { assertProblem, submitted } from '../support/wire.ts'

const PAGE = 'https://app.example.org'
const OTHER = 'https://app.example.org.evil.example'
const KEY = 'first-key-of-the-service'
const ALLOW = 'access-control-allow-origin'

/** What a browser asks before it makes a request that plain HTML could not make. */
function preflight(app: FastifyInstance, method: string, url: string, origin = PAGE): Promise<LightMyRequestResponse> {
  const asked = { 'access-control-request-method': method, 'access-control-request-headers': 'authorization' }
  return app.inject({ method: 'OPTIONS', url, headers: { origin, ...asked } })
}

function fromPage(app: FastifyInstance, options: InjectOptions, origin = PAGE): Promise<LightMyRequestResponse> {
  return app.inject({ ...options, headers: { ...options.headers, origin } })
}

/** The names of the headers about other origins in an answer. */
function corsHeaders({ headers }: LightMyRequestResponse): string[] {
  return Object.keys(headers).filter((name) => name.startsWith('access-control-'))
}

function names(value: unknown): string[] {
  return String(value)
    .split(',')
    .map((name) => name.trim().toLowerCase())
}

describe('without CORS_ORIGINS', () => {
  test('no answer tells a browser anything, and OPTIONS is a method that no route takes', async () => {
    await using service = await openTestService()
    assert.deepEqual(corsHeaders(await fromPage(service.app, { url: '/health' })), [])
    const answer = await preflight(service.app, 'POST', '/jobs')
    assertProblem(answer, 'METHOD_NOT_ALLOWED')
    assert.deepEqual(corsHeaders(answer), [])
  })
})

describe('an origin of CORS_ORIGINS', () => {
  const settings = { CORS_ORIGINS: `http://localhost:5173, ${PAGE}`, API_KEYS: KEY }

  test('may ask for every route, without a key', async () => {
    await using service = await openTestService({ settings })
    for (const { method, path } of Object.values(ROUTES)) {
      const answer = await preflight(service.app, method, path.replaceAll(/:\w+/g, 'x'))
      assert.equal(answer.statusCode, 204, path)
      assert.equal(answer.headers[ALLOW], PAGE)
      assert.ok(names(answer.headers['access-control-allow-methods']).includes(method.toLowerCase()), path)
    }
  })

  test('may send what the client sends, and cookies never', async () => {
    await using service = await openTestService({ settings })
    const { headers } = await preflight(service.app, 'POST', '/jobs')
    const allowed = names(headers['access-control-allow-headers'])
    for (const name of ['authorization', 'content-type', 'idempotency-key', 'if-none-match', 'if-range', 'range']) {
      assert.ok(allowed.includes(name), name)
    }
    for (const name of ['last-event-id', 'prefer', 'traceparent', 'x-request-id']) {
      assert.ok(allowed.includes(name), name)
    }
    assert.equal(headers['access-control-allow-credentials'], undefined)
    assert.match(String(headers.vary), /origin/i)
  })

  test('reads answers with the headers that the client needs', async () => {
    await using service = await openTestService({ settings })
    const headers = { authorization: `Bearer ${KEY}` }
    const answer = await fromPage(service.app, { url: '/jobs', headers })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers[ALLOW], PAGE)
    const exposed = names(answer.headers['access-control-expose-headers'])
    for (const name of ['etag', 'link', 'location', 'retry-after', 'idempotency-replayed', 'x-request-id']) {
      assert.ok(exposed.includes(name), name)
    }
    assert.ok(exposed.includes('content-range'))
    assert.match(String(answer.headers.vary), /origin/i)
  })

  test('reads problems too: of no key, no route, no such method, a body that is none, a URL without a signature', async () => {
    await using service = await openTestService({ settings })
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
    const asked: [InjectOptions, Parameters<typeof assertProblem>[1]][] = [
      [{ url: '/jobs' }, 'UNAUTHENTICATED'],
      [{ url: '/nope' }, 'ROUTE_NOT_FOUND'],
      [{ method: 'PUT', url: '/jobs' }, 'METHOD_NOT_ALLOWED'],
      [{ method: 'POST', url: '/jobs', headers, payload: '{' }, 'MALFORMED_JSON'],
      [{ url: '/objects/longshore/x' }, 'SIGNATURE_INVALID'],
      [{ method: 'PUT', url: '/objects/longshore/x', payload: 'x' }, 'SIGNATURE_INVALID'],
    ]
    for (const [request, code] of asked) {
      const answer = await fromPage(service.app, request)
      assertProblem(answer, code)
      assert.equal(answer.headers[ALLOW], PAGE, code)
    }
  })

  test('follows events', async () => {
    await using service = await openTestService({ settings: { CORS_ORIGINS: PAGE } })
    const url = await service.listen()
    const id = await submitted(service.app)
    await service.jobs.cancel(id)
    const answer = await fetch(`${url}/jobs/${id}/events`, { headers: { origin: PAGE } })
    assert.equal(answer.headers.get(ALLOW), PAGE)
    assert.match(await answer.text(), /job\.cancelled/)
  })
})

describe('another origin than those of CORS_ORIGINS', () => {
  for (const origin of [OTHER, 'http://app.example.org', 'https://app.example.org:8443', 'null']) {
    test(`is answered as if there were none: ${origin}`, async () => {
      await using service = await openTestService({ settings: { CORS_ORIGINS: PAGE } })
      const asked = await preflight(service.app, 'POST', '/jobs', origin)
      assertProblem(asked, 'METHOD_NOT_ALLOWED')
      assert.deepEqual(corsHeaders(asked), [])
      assert.deepEqual(corsHeaders(await fromPage(service.app, { url: '/health' }, origin)), [])
    })
  }

  test('an answer to it is not kept for the others', async () => {
    await using service = await openTestService({ settings: { CORS_ORIGINS: PAGE } })
    for (const headers of [{}, { origin: OTHER }]) {
      const answer = await service.app.inject({ url: '/health', headers })
      assert.match(String(answer.headers.vary), /origin/i)
    }
  })
})

test('CORS_ORIGINS=* lets every page in', async () => {
  await using service = await openTestService({ settings: { CORS_ORIGINS: '*' } })
  assert.equal((await preflight(service.app, 'DELETE', '/jobs/x', OTHER)).headers[ALLOW], '*')
  assert.equal((await fromPage(service.app, { url: '/health' }, OTHER)).headers[ALLOW], '*')
})

test('an OPTIONS that no page sends is a method that no route takes', async () => {
  await using service = await openTestService({ settings: { CORS_ORIGINS: '*' } })
  const answer = await service.app.inject({ method: 'OPTIONS', url: '/jobs' })
  assertProblem(answer, 'METHOD_NOT_ALLOWED')
  assert.equal(answer.headers.allow, 'POST, GET, HEAD')
})

test('the description of the service does not list preflights', async () => {
  await using service = await openTestService({ settings: { CORS_ORIGINS: '*' } })
  const { paths } = (await service.app.inject({ url: '/openapi.json' })).json<{ paths: Record<string, object> }>()
  assert.deepEqual(
    Object.entries(paths).filter(([path, methods]) => path === '*' || 'options' in methods),
    [],
  )
})
