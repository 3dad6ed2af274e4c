import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryOutcome } from '../../src/engine/delivery-records.ts'
import { Deliverer, type DelivererParts } from '../../src/webhook/deliverer.ts'
import type { Post, PostAnswer } from '../../src/webhook/post.ts'
import { describeTestEnd } from '../conformance/delivery-records.ts'
import { COMPLETED, runOne, submit } from '../conformance/job-engine/bench.ts'
import { type SqliteBench, sqliteBench } from '../engine/sqlite-bench.ts'

type Tried = Parameters<DelivererParts['told']>[0]

const SECRET = Buffer.alloc(32, 7).toString('base64')
const OK: PostAnswer = { status: 204, retryAfter: undefined }
const BROKEN: PostAnswer = { status: 500, retryAfter: undefined }

/** A deliverer over a real engine whose posts the test answers. */
async function openDeliverer(answer: (post: Post, n: number) => PostAnswer | Promise<PostAnswer>, wishes = {}) {
  const bench = await sqliteBench({ describeEnd: describeTestEnd })
  const posts: Post[] = []
  const told: Tried[] = []
  const errors: unknown[] = []
  let claims = 0
  let hear: () => void = () => {}
  const records = new Proxy(bench.engine.deliveries, {
    get(target, name) {
      if (name === 'claim') claims += 1
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const deliverer = new Deliverer({
    ...{ records, clock: bench.clock, secrets: [SECRET], userAgent: 'test', random: () => 0.5 },
    ...{ concurrency: 64, hostConcurrency: 8, timeoutMs: 15_000, graceMs: 1_000 },
    post: async (post, signal) => {
      posts.push(post)
      hear()
      const cut = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
      return Promise.race([answer(post, posts.length), cut])
    },
    told: (tried) => {
      told.push(tried)
      hear()
    },
    onError: (thrown) => errors.push(thrown),
    ...wishes,
  })
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        hear = resolve
        setImmediate(resolve)
      })
      bench.clock.advance(0)
    }
  }
  return {
    ...{ bench, deliverer, posts, told, errors, until },
    get claims(): number {
      return claims
    },
    [Symbol.asyncDispose]: async () => {
      const stopped = deliverer.stop()
      bench.clock.advance(1_000)
      await stopped
      await bench[Symbol.asyncDispose]()
    },
  }
}

async function end(bench: SqliteBench, callbackUrl: string): Promise<string> {
  await submit(bench, { callbackUrl })
  return (await runOne(bench, COMPLETED)).id
}

test('an end is told as soon as it is stored', async () => {
  await using place = await openDeliverer(() => OK)
  await place.deliverer.start()
  const id = await end(place.bench, 'https://a.example/')
  await place.until(() => place.told.length === 1)
  const [post] = place.posts
  assert.equal(post?.url, 'https://a.example/')
  assert.equal(post?.body, 'job.completed completed {"answer":42}')
  assert.equal(post?.headers['content-length'], String(post?.body.length))
  assert.deepEqual([place.told[0]?.outcome, place.told[0]?.jobId, place.told[0]?.host], ['delivered', id, 'a.example'])
})

test('what was stored while nobody told is told at the start', async () => {
  await using place = await openDeliverer(() => OK)
  await end(place.bench, 'https://a.example/')
  await place.deliverer.start()
  await place.until(() => place.told.length === 1)
})

test('500, then 200: the retry comes when its pause is over, and not before', async () => {
  await using place = await openDeliverer((_post, n) => (n === 1 ? BROKEN : OK))
  await place.deliverer.start()
  const id = await end(place.bench, 'https://a.example/')
  await place.until(() => place.told.length === 1)
  const [first] = place.told
  assert.deepEqual([first?.outcome, first?.nextAt], ['retried', place.bench.clock.now() + 2_500])
  place.bench.clock.advance(2_499)
  await place.until(() => true)
  assert.equal(place.posts.length, 1)
  place.bench.clock.advance(1)
  await place.until(() => place.told.length === 2)
  assert.equal(place.told[1]?.outcome, 'delivered')
  assert.equal(place.posts[0]?.headers['webhook-id'], place.posts[1]?.headers['webhook-id'])
  const [delivery] = await place.bench.engine.deliveries.list(id)
  assert.deepEqual(
    delivery?.attempts.map(({ status }) => status),
    [500, 204],
  )
})

test('one dead receiver holds its own share and delays nobody else', async () => {
  const dead = Promise.withResolvers<PostAnswer>()
  await using place = await openDeliverer((post) => (post.url.includes('dead') ? dead.promise : OK), {
    concurrency: 10,
  })
  await place.deliverer.start()
  for (let n = 0; n < 20; n++) await end(place.bench, `https://dead.example/${n}`)
  await place.until(() => place.posts.length === 8)
  for (let n = 0; n < 20; n++) await end(place.bench, `https://live.example/${n}`)
  await place.until(() => place.told.length === 20)
  assert.equal(place.posts.filter(({ url }) => url.includes('dead')).length, 8)
  dead.resolve(OK)
  await place.until(() => place.told.length === 40)
  assert.equal(new Set(place.posts.map(({ url }) => url)).size, 40)
})

test('no more posts are under way than there may be, and all are made', async () => {
  let now = 0
  let most = 0
  const answer = async (): Promise<PostAnswer> => {
    now += 1
    most = Math.max(most, now)
    await new Promise((resolve) => setImmediate(resolve))
    now -= 1
    return OK
  }
  await using place = await openDeliverer(answer, { concurrency: 3, hostConcurrency: 2 })
  for (let n = 0; n < 30; n++) await end(place.bench, `https://${n % 4}.example/`)
  await place.deliverer.start()
  await place.until(() => place.told.length === 30)
  assert.equal(most, 3)
})

test('nothing to tell asks for nothing and sets no timer', async () => {
  await using place = await openDeliverer(() => OK)
  await place.deliverer.start()
  await place.until(() => place.claims === 1)
  await end(place.bench, 'https://a.example/')
  await place.until(() => place.told.length === 1)
  await place.until(() => true)
  const { claims } = place
  const { pending } = place.bench.clock
  place.bench.clock.advance(86_400_000)
  await place.until(() => true)
  assert.deepEqual([place.claims, place.bench.clock.pending, pending], [claims, 0, 0])
})

test('a stop waits for posts under way, then breaks them off and gives them back unspent', async () => {
  await using place = await openDeliverer(() => new Promise<never>(() => {}))
  await place.deliverer.start()
  const id = await end(place.bench, 'https://a.example/')
  await place.until(() => place.posts.length === 1)
  const stopped = place.deliverer.stop()
  await place.until(() => place.bench.clock.pending > 0)
  assert.equal(place.told.length, 0)
  place.bench.clock.advance(1_000)
  await stopped
  assert.equal(place.told[0]?.outcome, 'interrupted')
  const [delivery] = await place.bench.engine.deliveries.list(id)
  assert.deepEqual([delivery?.state, delivery?.attempt], ['pending', 0])
  await end(place.bench, 'https://a.example/')
  await place.until(() => true)
  assert.equal(place.posts.length, 1, 'after its end a deliverer takes nothing more')
})

test('what came of a post is written once the engine can be reached again', async () => {
  await using bench = await sqliteBench({ describeEnd: describeTestEnd })
  const { clock, engine } = bench
  let failures = 2
  const told: Tried[] = []
  const errors: unknown[] = []
  const records = new Proxy(engine.deliveries, {
    get(target, name) {
      if (name !== 'record') return Reflect.get(target, name).bind(target)
      return async (...given: [never, DeliveryOutcome]) => {
        failures -= 1
        if (failures >= 0) throw new Error('away')
        return target.record(...given)
      }
    },
  })
  const deliverer = new Deliverer({
    ...{ records, clock, secrets: [SECRET], userAgent: 'test' },
    ...{ concurrency: 1, hostConcurrency: 1, timeoutMs: 15_000, graceMs: 0 },
    post: async () => OK,
    told: (tried) => told.push(tried),
    onError: (thrown) => errors.push(thrown),
  })
  await end(bench, 'https://a.example/')
  await deliverer.start()
  while (told.length === 0) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(500)
  }
  assert.deepEqual([told[0]?.outcome, errors.length], ['delivered', 2])
  await deliverer.stop()
})
