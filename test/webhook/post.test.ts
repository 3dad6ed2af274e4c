import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { Resolve } from '../../src/webhook/host-lookup.ts'
import { type PostAnswer, Poster, type PosterParts } from '../../src/webhook/post.ts'
import { isPublicAddress } from '../../src/webhook/public-address.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openReceiver, status } from '../support/receiver.ts'

const NEVER = new AbortController().signal

/** In these tests 127.0.0.1 is the public internet, and every other address is not. */
function posterOf(parts: Partial<PosterParts> = {}): Poster {
  const clock = systemClock
  const accepts = (address: string): boolean => address === '127.0.0.1'
  return new Poster({ clock, timeoutMs: 10_000, resolve: () => assert.fail('resolved'), accepts, ...parts })
}

function resolving(...answers: string[]): Resolve & { asked: string[] } {
  const asked: string[] = []
  const resolve = async (hostname: string): Promise<LookupAddress[]> => {
    asked.push(hostname)
    const answer = answers[Math.min(asked.length, answers.length) - 1] ?? ''
    return answer.split(' ').map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return Object.assign(resolve, { asked })
}

function post(poster: Poster, url: string, signal = NEVER): Promise<PostAnswer> {
  return poster.post({ url, headers: { 'content-type': 'application/json' }, body: '{"a":1}' }, signal)
}

const isRefused = (answer: PostAnswer): boolean => answer.status === null && answer.isRefused

test('a literal address that is not accepted gets nothing', async () => {
  await using receiver = await openReceiver()
  const poster = posterOf({ accepts: isPublicAddress })
  for (const host of ['127.0.0.1', '[::1]', '0x7f.1', '[::ffff:127.0.0.1]', '0']) {
    assert.ok(isRefused(await post(poster, `http://${host}:${receiver.port}/`)), host)
    assert.ok(isRefused(await post(poster, `https://${host}:${receiver.port}/`)), host)
  }
  assert.equal(receiver.asked, 0)
})

test('a name that leads to an address which is not accepted gets nothing', async () => {
  await using receiver = await openReceiver()
  const resolve = resolving('127.0.0.1')
  const poster = posterOf({ accepts: isPublicAddress, resolve })
  assert.ok(isRefused(await post(poster, `http://receiver.example:${receiver.port}/`)))
  assert.deepEqual(resolve.asked, ['receiver.example'])
  assert.equal(receiver.asked, 0)
})

test('of several addresses of a name only the accepted ones are connected to', async () => {
  await using refused = await openReceiver(status(204), '127.0.0.2')
  const poster = posterOf({ resolve: resolving('127.0.0.2 ::1') })
  assert.ok(isRefused(await post(poster, `http://receiver.example:${refused.port}/`)))
  await using receiver = await openReceiver()
  const mixed = posterOf({ resolve: resolving('127.0.0.2 127.0.0.1') })
  assert.equal((await post(mixed, `http://receiver.example:${receiver.port}/`)).status, 204)
  assert.deepEqual([refused.asked, receiver.asked], [0, 1])
})

test('a name that is rebound is checked anew for each connection, and the answer checked is the one used', async () => {
  await using inside = await openReceiver(status(204), '127.0.0.2')
  await using outside = await openReceiver()
  const resolve = resolving('127.0.0.1', '127.0.0.2')
  const poster = posterOf({ resolve })
  // One search, one connection to what it found: there is no second search that could find something else.
  assert.equal((await post(poster, `http://receiver.example:${outside.port}/`)).status, 204)
  assert.deepEqual(resolve.asked, ['receiver.example'])
  assert.ok(isRefused(await post(poster, `http://receiver.example:${inside.port}/`)))
  assert.deepEqual([outside.asked, inside.asked], [1, 0])
})

test('a redirect is an answer and is not followed', async () => {
  await using inside = await openReceiver(status(204), '127.0.0.2')
  for (const code of [301, 302, 303, 307, 308]) {
    await using receiver = await openReceiver(status(code, { location: inside.url }))
    assert.equal((await post(posterOf(), receiver.url)).status, code)
  }
  assert.equal(inside.asked, 0)
})

test('the status stands however long the answer is; its receiver is cut off', async () => {
  const cut = Promise.withResolvers<void>()
  await using receiver = await openReceiver((_n, response) => {
    response.writeHead(200)
    const fill = (): void => {
      while (response.write('x'.repeat(65_536)));
    }
    response.on('drain', fill)
    response.on('close', cut.resolve)
    fill()
  })
  assert.deepEqual(await post(posterOf(), receiver.url), { status: 200, retryAfter: undefined })
  await cut.promise
})

test('the status stands when the answer then hangs', async () => {
  await using receiver = await openReceiver((_n, response) => {
    response.writeHead(202)
    response.write('and')
  })
  assert.equal((await post(posterOf({ timeoutMs: 500 }), receiver.url)).status, 202)
})

test('a receiver that hangs is left when its time is over', async () => {
  const clock = new ManualClock()
  await using receiver = await openReceiver(() => clock.advance(10_000))
  const failure = 'It did not answer within 10 s.'
  assert.deepEqual(await post(posterOf({ clock }), receiver.url), { status: null, failure, isRefused: false })
  assert.equal(clock.pending, 0)
})

test('a post that is broken off rejects with the reason', async () => {
  const stop = new AbortController()
  await using receiver = await openReceiver(() => stop.abort(new Error('stopping')))
  await assert.rejects(post(posterOf(), receiver.url, stop.signal), { message: 'stopping' })
})

test('what is wrong with a receiver is told in words', async () => {
  const failing = async (url: string, resolve?: Resolve): Promise<string> => {
    const answer = await post(posterOf(resolve && { resolve }), url)
    return answer.status === null ? answer.failure : `answered ${answer.status}`
  }
  await using gone = await openReceiver()
  const { port } = gone
  await gone[Symbol.asyncDispose]().catch(() => {})
  assert.equal(await failing(`http://127.0.0.1:${port}/`), 'It refused the connection.')
  const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
  assert.equal(await failing('http://nowhere.example/', () => Promise.reject(unknown)), 'Its name is not known.')
  await using receiver = await openReceiver()
  assert.match(await failing(`https://127.0.0.1:${receiver.port}/`), /^There was no answer that could be read: /)
  const babble = createServer((socket) => socket.end('babble\r\n\r\n'))
  await new Promise<void>((resolve) => babble.listen(0, '127.0.0.1', resolve))
  const address = babble.address()
  assert.ok(typeof address === 'object' && address)
  assert.match(await failing(`http://127.0.0.1:${address.port}/`), /^There was no answer that could be read: /)
  babble.close()
})

test('one silent name server holds no more than two searches, one for each name', async () => {
  const asked: string[] = []
  const answer = Promise.withResolvers<LookupAddress[]>()
  const poster = posterOf({
    resolve: (hostname) => {
      asked.push(hostname)
      return answer.promise
    },
  })
  await using receiver = await openReceiver()
  const hosts = ['a', 'a', 'a', 'b', 'b', 'c']
  const posts = hosts.map((host) => post(poster, `http://${host}.example:${receiver.port}/`))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(asked, ['a.example', 'b.example'])
  answer.resolve([{ address: '127.0.0.1', family: 4 }])
  assert.deepEqual(
    (await Promise.all(posts)).map((each) => each.status),
    hosts.map(() => 204),
  )
  assert.deepEqual(asked, ['a.example', 'b.example', 'c.example'])
})
