import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { SECURITY_HEADERS } from '../../src/http/security-headers.ts'
import { openTestService } from '../support/test-service.ts'
import { post } from '../support/wire.ts'

/** Nothing is loaded or run, no form is sent, no window opened, and no frame shows it. */
const SHUT_IN = "default-src 'none'; frame-ancestors 'none'; sandbox"

test('every answer tells browsers to run, frame and guess nothing, and what may be a page more', async () => {
  await using service = await openTestService()
  const shown = [
    await service.app.inject({ url: '/' }),
    await service.app.inject({ url: '/jobs' }),
    await service.app.inject({ url: '/nowhere' }),
    await service.app.inject({ url: '/%zz' }),
    await service.app.inject({ method: 'HEAD', url: '/jobs' }),
    await service.app.inject({ method: 'OPTIONS', url: '/jobs' }),
  ]
  for (const { headers, statusCode } of shown) {
    assert.partialDeepStrictEqual({ ...headers }, { ...SECURITY_HEADERS }, String(statusCode))
  }
  const changing = [
    await service.app.inject({ method: 'PATCH', url: '/jobs' }),
    await post(service.app, '/jobs', '{"not JSON'),
  ]
  const { 'content-security-policy': _, 'x-content-type-options': type, ...ofPages } = SECURITY_HEADERS
  for (const { headers, statusCode } of changing) {
    const said = { 'content-security-policy': SHUT_IN, 'x-content-type-options': type }
    assert.partialDeepStrictEqual({ ...headers }, said, String(statusCode))
    for (const name of Object.keys(ofPages)) assert.equal(headers[name], undefined, name)
  }
})

test('what is no request is answered with them too', async () => {
  await using service = await openTestService()
  const { port } = new URL(await service.listen())
  const socket = connect(Number(port), '127.0.0.1').end('no request\r\n\r\n')
  const answer = await text(socket)
  for (const [name, value] of Object.entries(SECURITY_HEADERS))
    assert.ok(answer.includes(`${name}: ${value}\r\n`), name)
})

test('pages have a policy of their own that lets nobody else run anything in them', async () => {
  await using service = await openTestService()
  const { headers, statusCode } = await service.app.inject({ url: '/docs' })
  assert.equal(statusCode, 200)
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /script-src 'self'(;|$)/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.equal(headers['x-content-type-options'], 'nosniff')
})

test('with TLS in front, browsers stay with it', async () => {
  await using service = await openTestService({ settings: { PUBLIC_URL: 'https://jobs.example.org' } })
  assert.match(String((await service.app.inject({ url: '/' })).headers['strict-transport-security']), /^max-age=\d{8}$/)
  await using plain = await openTestService()
  assert.equal((await plain.app.inject({ url: '/' })).headers['strict-transport-security'], undefined)
})

test('two hosts are refused, and a path that climbs out of the pages is no route', async () => {
  await using service = await openTestService()
  const { port } = new URL(await service.listen())
  const say = async (request: string): Promise<string> => text(connect(Number(port), '127.0.0.1').end(request))
  const twice = await say('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')
  assert.match(twice, /^HTTP\/1.1 400 .*MALFORMED_REQUEST/s)
  const climbing = await say(
    'GET /docs/static/%2e%2e/%2e%2e/package.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  )
  assert.match(climbing, /^HTTP\/1.1 404 .*ROUTE_NOT_FOUND/s)
})
