import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { JobClient } from '@longshore/client'
import { JOB_ID } from './job-body.ts'
import { rejects } from './rejects.ts'
import { type Answer, tinyServer } from './tiny-server.ts'

const QUICK = { baseMs: 1, capMs: 1 }

describe('every request', () => {
  test('goes below the path of the address, with the key', async () => {
    await using server = await tinyServer(() => ({ body: { status: 'healthy', version: '1.2.3', name: 'digests' } }))
    const health = await new JobClient({ url: `${server.url}/below`, apiKey: 'a-key-of-16-chars' }).health()
    assert.deepEqual(health, { status: 'healthy', version: '1.2.3', name: 'digests' })
    assert.equal(server.received[0]?.path, '/below/health')
    assert.equal(server.received[0]?.headers.authorization, 'Bearer a-key-of-16-chars')
  })

  test('is made again after a broken connection and after a problem that may pass', async () => {
    const answers: Answer[] = [{ cut: true }, problem(503, 'NOT_READY', true), { body: healthy }]
    await using server = await tinyServer(() => answers.shift() ?? {})
    assert.equal((await new JobClient({ url: server.url, retry: QUICK }).health()).status, 'healthy')
    assert.equal(server.received.length, 3)
  })

  test('fails at once with the code and detail of a problem that will not pass', async () => {
    await using server = await tinyServer(() => problem(404, 'JOB_NOT_FOUND', false))
    await rejects(new JobClient({ url: server.url, retry: QUICK }).getJob(JOB_ID), {
      code: 'JOB_NOT_FOUND',
      name: 'JobNotFoundError',
      message: 'what to do about JOB_NOT_FOUND',
      status: 404,
      requestId: 'req-1',
    })
    assert.equal(server.received.length, 1)
  })

  test('fails with the last problem when its tries are used up', async () => {
    await using server = await tinyServer(() => problem(503, 'NOT_READY', true))
    await rejects(new JobClient({ url: server.url, retry: { ...QUICK, tries: 3 } }).health(), { code: 'NOT_READY' })
    assert.equal(server.received.length, 3)
  })

  test('stops with the reason of its signal, also between two tries', async () => {
    const stop = new AbortController()
    await using server = await tinyServer(() => {
      setImmediate(() => stop.abort(new Error('enough')))
      return { ...problem(503, 'NOT_READY', true), headers: { 'retry-after': '3600' } }
    })
    await assert.rejects(new JobClient({ url: server.url }).health({ signal: stop.signal }), /enough/)
  })

  test('to an address where nothing listens says which and why', async () => {
    const server = await tinyServer(() => ({}))
    await server[Symbol.asyncDispose]()
    await rejects(new JobClient({ url: server.url, retry: { tries: 1 } }).health(), {
      code: 'UNREACHABLE',
      message: new RegExp(`^${server.url} cannot be reached: .*ECONNREFUSED`),
    })
  })

  test('answered by something that is no Longshore service says so', async () => {
    await using server = await tinyServer(() => ({ body: '<html>' }))
    await rejects(new JobClient({ url: server.url }).health(), { code: 'UNEXPECTED_ANSWER', status: 200 })
  })

  test('refused without a problem, as stores and proxies do, keeps the status', async () => {
    await using server = await tinyServer(() => ({ status: 403, body: '<Error/>' }))
    await rejects(new JobClient({ url: server.url }).health(), { code: 'HTTP_403', status: 403 })
  })
})

test('a download goes without the key, because its URL carries the permission', async () => {
  await using server = await tinyServer(() => ({ body: 'bytes' }))
  const client = new JobClient({ url: server.url, apiKey: 'a-key-of-16-chars' })
  const response = await client.download(`${server.url}/objects/b/k?signature=s`)
  assert.equal(await response.text(), 'bytes')
  assert.equal(server.received[0]?.headers.authorization, undefined)
})

const healthy = { status: 'healthy', version: '1.2.3', name: 'digests' }

function problem(status: number, code: string, retryable: boolean): Answer {
  const detail = `what to do about ${code}`
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { type: `urn:x:${code}`, title: code, status, detail, code, retryable, request_id: 'req-1' },
  }
}
