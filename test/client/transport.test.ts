import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { JobClient, NetworkError } from '@longshore/client'
import { readNothing } from '../../client/src/answers.ts'
import { startTimer } from '../../client/src/stop.ts'
import { Transport } from '../../client/src/transport.ts'
import { rawServer } from './raw-server.ts'
import { rejects } from './rejects.ts'
import { tinyServer } from './tiny-server.ts'

const HEALTHY = JSON.stringify({ status: 'healthy', version: '1.2.3', name: 'digests' })
const QUICK = { baseMs: 0, capMs: 0 }

describe('a connection that stands still', () => {
  test('before its answer begins is given up, and the request made again', async () => {
    let tries = 0
    await using server = await rawServer((_, response) => {
      tries += 1
      if (tries > 1) response.end(HEALTHY)
    })
    await new JobClient({ url: server.url, retry: { ...QUICK, tryMs: 30 } }).health()
    assert.ok(tries > 1)
  })

  test('in the middle of its answer is given up, and the request made again', async () => {
    let tries = 0
    await using server = await rawServer((_, response) => {
      tries += 1
      response.write(HEALTHY.slice(0, 10))
      if (tries > 1) response.end(HEALTHY.slice(10))
    })
    await new JobClient({ url: server.url, retry: { ...QUICK, tryMs: 30 } }).health()
    assert.ok(tries > 1)
  })

  test('says so when every try ends like that', async () => {
    await using server = await rawServer(() => {})
    const client = new JobClient({ url: server.url, retry: { ...QUICK, tries: 2, tryMs: 10 } })
    await rejects(client.health(), { name: 'NetworkError', code: 'STALLED', message: /sent nothing for 0\.01 s/ })
  })

  test('is noticed by who reads a download', async () => {
    await using server = await rawServer((_, response) => void response.write('some'))
    const response = await new JobClient({ url: server.url, retry: { tryMs: 30 } }).download('/object')
    await rejects(response.text(), { code: 'STALLED' })
  })

  test('is not the one of a reader who takes his time', async () => {
    await using server = await rawServer((_, response) => void response.end('x'.repeat(100_000)))
    const response = await new JobClient({ url: server.url, retry: { tryMs: 20 } }).download('/object')
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.equal((await response.text()).length, 100_000)
  })
})

describe('the time limit of a call', () => {
  test('holds over all its tries', async () => {
    await using server = await rawServer((request) => request.socket.destroy())
    const client = new JobClient({ url: server.url, retry: { tries: 1_000_000, baseMs: 1, capMs: 1 } })
    await rejects(client.health({ timeoutMs: 30 }), { name: 'NetworkError', code: 'TIMED_OUT' })
  })

  test('may be longer than a timer can run', async () => {
    await using server = await tinyServer(() => ({ body: HEALTHY }))
    const client = new JobClient({ url: server.url, retry: { tryMs: Number.POSITIVE_INFINITY } })
    await client.health({ timeoutMs: 1e12 })
  })

  test('that is longer than a timer can run ends when it is over, not before', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const longestMs = 2 ** 31 - 1
    let calls = 0
    startTimer(2 * longestMs + 5, () => calls++)
    for (const ms of [longestMs, longestMs, 4]) t.mock.timers.tick(ms)
    assert.equal(calls, 0)
    t.mock.timers.tick(1)
    assert.equal(calls, 1)
    const stopTimer = startTimer(2 * longestMs, () => calls++)
    t.mock.timers.tick(longestMs)
    stopTimer()
    t.mock.timers.tick(longestMs)
    assert.equal(calls, 1)
  })
})

test('a download follows the signal of its call until its last byte', async () => {
  await using server = await rawServer((_, response) => void response.write('some'))
  const stop = new AbortController()
  const options = { signal: stop.signal, timeoutMs: 60_000 }
  const response = await new JobClient({ url: server.url }).download('/object', options)
  assert.equal(response.url, `${server.url}/object`)
  const text = response.text()
  stop.abort(new Error('enough'))
  await assert.rejects(text, /enough/)
  while ((await server.connections()) > 0) await new Promise(setImmediate)
})

test('a service that says when to come back, in seconds or as a date, is heard', async () => {
  for (const [header, atLeastMs, atMostMs] of [
    ['2', 2000, 2000],
    [new Date(Date.now() + 90_000).toUTCString(), 85_000, 90_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0, 0],
  ] as const) {
    await using server = await tinyServer(() => ({ status: 503, headers: { 'retry-after': header } }))
    const call = new JobClient({ url: server.url, retry: { tries: 1 } }).health()
    await assert.rejects(call, ({ retryAfterMs }: { retryAfterMs: number }) => {
      return retryAfterMs >= atLeastMs && retryAfterMs <= atMostMs
    })
  }
})

test('a body that is a stream is sent once', async () => {
  await using server = await tinyServer(() => ({ status: 503 }))
  const transport = new Transport({ url: server.url, retry: QUICK })
  const body = new Blob(['bytes']).stream()
  await rejects(transport.follow('/part', { method: 'PUT', body }, readNothing), { code: 'HTTP_503' })
  assert.deepEqual(
    server.received.map(({ body: received }) => received.toString()),
    ['bytes'],
  )
})

test('a thousand calls and streams, also those that fail, leave no listener on the signal they share', async () => {
  await using server = await tinyServer(({ path }) => {
    if (path.endsWith('/events')) return { status: 204 }
    return path === '/health' ? { body: HEALTHY } : { cut: true }
  })
  const { signal } = new AbortController()
  let listeners = 0
  let most = 0
  const counted = new Proxy(signal, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (name === 'addEventListener') most = Math.max(most, ++listeners)
      if (name === 'removeEventListener') listeners -= 1
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const client = new JobClient({ url: server.url, retry: { ...QUICK, tries: 2 } })
  for (let i = 0; i < 50; i++) {
    await Promise.all(Array.from({ length: 19 }, () => client.health({ signal: counted, timeoutMs: 60_000 })))
    for await (const event of client.jobEvents('id', { signal: counted })) assert.fail(event.type)
    await rejects(client.getJob('id', { signal: counted }), { code: 'UNREACHABLE' })
  }
  assert.deepEqual([most, listeners], [1, 0])
})

describe('an address', () => {
  test('is refused when it is none, with what is expected', () => {
    for (const url of ['localhost:8000', '127.0.0.1:8000', '', 'ftp://host', 'http://user:secret@host']) {
      assert.throws(() => new JobClient({ url }), /^TypeError: Expected url to be the address of a service as http:/)
    }
  })

  test('that cannot be reached is named, with why or with what to check', async () => {
    const causes: [unknown, RegExp][] = [
      [
        new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') }),
        /: connect ECONNREFUSED/,
      ],
      [
        new TypeError('fetch failed', { cause: new AggregateError([new Error('connect ECONNREFUSED ::1:1')]) }),
        /: connect ECONNREFUSED ::1:1/,
      ],
      [new TypeError('Failed to fetch'), /\(Failed to fetch\): check the address, .*\(CORS\)/],
    ]
    for (const [failure, message] of causes) {
      const fetch = () => Promise.reject(failure)
      const call = new JobClient({ url: 'http://host:1', retry: { tries: 1 }, fetch }).health()
      await assert.rejects(call, (error) => error instanceof NetworkError && message.test(error.message))
    }
  })
})
