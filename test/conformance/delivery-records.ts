import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  CLAIM_WINDOW,
  type ClaimedDelivery,
  type DeliveryAttempt,
  type DeliveryRecords,
  type DeliveryWish,
  MAX_DELIVERY_ATTEMPTS,
} from '../../src/engine/delivery-records.ts'
import type { JobEngine } from '../../src/engine/job-engine.ts'
import type { DescribeEnd } from '../../src/engine/record/new-delivery.ts'
import type { Job } from '../../src/job/job.ts'
import { COMPLETED, decideOn, type EngineBench, FAILED, runOne, submit } from './job-engine/bench.ts'

/** Delivery records on the bench; the engine was given {@link describeTestEnd}. */
export interface DeliveryBench extends EngineBench {
  readonly engine: JobEngine & { readonly deliveries: DeliveryRecords }
  reopen(): Promise<JobEngine & { readonly deliveries: DeliveryRecords }>
}

/** What the engine under test tells of an end. */
export const describeTestEnd: DescribeEnd = (event, job) => `${event.type} ${job.state} ${JSON.stringify(job.result)}`

/** What it tells of a completed job here. */
const describeTestBody = 'job.completed completed {"answer":42}'

const DAY_MS = 86_400_000
const ALL: DeliveryWish = {
  limit: 100,
  perHost: 100,
  maxBytes: 1_000_000,
  busy: new Map(),
  leaseMs: 30_000,
}
const URL_A = 'https://a.example/hook'

async function submitTold(bench: DeliveryBench, callbackUrl = URL_A): Promise<Job> {
  return submit(bench, { callbackUrl, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })
}

async function endTold(bench: DeliveryBench, callbackUrl = URL_A): Promise<Job> {
  await submitTold(bench, callbackUrl)
  return runOne(bench, COMPLETED)
}

async function claimOne(bench: DeliveryBench, wish: Partial<DeliveryWish> = {}): Promise<ClaimedDelivery> {
  const { deliveries } = await bench.engine.deliveries.claim({ ...ALL, ...wish })
  const [delivery] = deliveries
  assert.ok(delivery && deliveries.length === 1, `${deliveries.length} deliveries were claimed`)
  return delivery
}

function attemptAt(at: number, error: string | null = null): DeliveryAttempt {
  return { at, durationMs: 12, status: error === null ? 204 : 500, error }
}

/** What every keeper of deliveries keeps to. `makeBench` gives empty ones. */
export function deliveryRecordsConformance(name: string, makeBench: () => Promise<DeliveryBench>): void {
  describe(`${name} keeps deliveries`, () => {
    test('the end of a job that asked for it is stored with it, as the job was then, and is due at once', async () => {
      await using bench = await makeBench()
      const due: number[] = []
      bench.engine.deliveries.onDue((dueAt) => due.push(dueAt))
      const job = await endTold(bench)
      const now = bench.clock.now()
      // A heartbeat may tell of it too.
      assert.deepEqual([...new Set(due)], [now])
      const engine = await bench.reopen()
      assert.deepEqual(await engine.deliveries.list(job.id), [
        {
          id: `${job.id}-${job.version}`,
          jobId: job.id,
          type: 'job.completed',
          url: URL_A,
          state: 'pending',
          createdAt: now,
          nextAt: now,
          expiresAt: now + DAY_MS,
          attempt: 0,
          retries: 0,
          attempts: [],
        },
      ])
      const { body, traceparent, tenant, token, state } = await claimOne(bench)
      assert.equal(body, describeTestBody)
      assert.equal(traceparent, job.traceparent)
      assert.equal(tenant, null)
      assert.deepEqual([token, state], [1, 'sending'])
      assert.deepEqual(await engine.deliveries.list('nowhere'), [])
    })

    test('every way to end is told: a cancel while queued, a failure, a rescue that fails', async () => {
      await using bench = await makeBench()
      const { engine } = bench
      const cancelled = await submitTold(bench)
      await engine.requestCancel(cancelled.id)
      await submit(bench, { callbackUrl: URL_A, maxAttempts: 1 })
      const failed = await runOne(bench, FAILED)
      const dying = await submit(bench, { callbackUrl: URL_A, maxAttempts: 1 })
      const begun = Promise.withResolvers<void>()
      const dead = Promise.withResolvers<void>()
      const dispatch = engine.dispatch({ worker: 'w', concurrency: 1, leaseMs: 30_000 }, () => {
        begun.resolve()
        return dead.promise
      })
      await begun.promise
      bench.advance(31_000)
      await engine.rescue(decideOn({ type: 'expired' }, bench.clock.now()))
      dead.resolve()
      await dispatch.stop()
      const types = async (id: string) => (await engine.deliveries.list(id)).map(({ type }) => type)
      assert.deepEqual(await types(cancelled.id), ['job.cancelled'])
      assert.deepEqual(await types(failed.id), ['job.failed'])
      assert.deepEqual(await types(dying.id), ['job.failed'])
    })

    test('a job that did not ask, and an attempt that is not the last, tell nothing', async () => {
      await using bench = await makeBench()
      await submit(bench)
      const silent = await runOne(bench, COMPLETED)
      await submitTold(bench)
      const retried = await runOne(bench, FAILED)
      assert.equal(retried.state, 'queued')
      assert.equal(silent.callbackUrl, null)
      assert.equal(retried.callbackUrl, URL_A)
      for (const { id } of [silent, retried]) assert.deepEqual(await bench.engine.deliveries.list(id), [])
      assert.deepEqual(await bench.engine.deliveries.claim(ALL), { deliveries: [], more: false, nextDueAt: null })
    })

    test('a job that ends again is told again, newest first', async () => {
      await using bench = await makeBench()
      await submit(bench, { callbackUrl: URL_A, maxAttempts: 1 })
      const { id } = await runOne(bench, FAILED)
      await bench.engine.requeue(id, { failedFilesOnly: false })
      await runOne(bench, COMPLETED)
      const told = await bench.engine.deliveries.list(id)
      assert.deepEqual(
        told.map(({ type }) => type),
        ['job.completed', 'job.failed'],
      )
      assert.equal(new Set(told.map((delivery) => delivery.id)).size, 2)
    })

    test('a claim is exclusive until its lease runs out; what its holder says then changes nothing', async () => {
      await using bench = await makeBench()
      const { deliveries } = bench.engine
      const job = await endTold(bench)
      const first = await claimOne(bench)
      const during = await deliveries.claim(ALL)
      assert.deepEqual(during, { deliveries: [], more: false, nextDueAt: null })
      assert.equal((await deliveries.list(job.id))[0]?.nextAt, null)
      bench.advance(ALL.leaseMs)
      const second = await claimOne(bench)
      assert.deepEqual([second.id, second.token, second.body], [first.id, first.token + 1, first.body])
      const delivered = { state: 'delivered', dueAt: null, attempt: attemptAt(bench.clock.now()) } as const
      assert.equal(await deliveries.record(first, delivered), false)
      assert.equal((await deliveries.list(job.id))[0]?.state, 'sending')
      assert.equal(await deliveries.record(second, delivered), true)
      assert.equal(await deliveries.record(second, delivered), false)
      const [after] = await deliveries.list(job.id)
      assert.deepEqual([after?.state, after?.nextAt, after?.attempts], ['delivered', null, [delivered.attempt]])
      assert.deepEqual(await deliveries.claim(ALL), { deliveries: [], more: false, nextDueAt: null })
    })

    test('a try that failed is due when it was put off to, with what was wrong', async () => {
      await using bench = await makeBench()
      const { deliveries } = bench.engine
      const job = await endTold(bench)
      const now = bench.clock.now()
      const attempt = attemptAt(now, 'The receiver answered 500.')
      assert.equal(
        await deliveries.record(await claimOne(bench), { state: 'pending', dueAt: now + 5_000, attempt }),
        true,
      )
      assert.deepEqual(await deliveries.claim(ALL), { deliveries: [], more: false, nextDueAt: now + 5_000 })
      const [waiting] = await deliveries.list(job.id)
      assert.deepEqual([waiting?.state, waiting?.nextAt, waiting?.attempts], ['pending', now + 5_000, [attempt]])
      bench.advance(5_000)
      const again = await claimOne(bench)
      assert.deepEqual([again.attempt, again.retries], [1, 1])
      assert.equal(await deliveries.record(again, { state: 'pending', dueAt: bench.clock.now(), attempt: null }), true)
      assert.equal((await claimOne(bench)).attempt, 1, 'a try that was broken off counts as none')
    })

    test('only the newest tries are kept, all are counted', async () => {
      await using bench = await makeBench()
      const { deliveries } = bench.engine
      const { id } = await endTold(bench)
      for (let n = 0; n < MAX_DELIVERY_ATTEMPTS + 2; n++) {
        const dueAt = bench.clock.now()
        await deliveries.record(await claimOne(bench), { state: 'pending', dueAt, attempt: attemptAt(n, 'no') })
      }
      const [delivery] = await deliveries.list(id)
      assert.equal(delivery?.attempt, MAX_DELIVERY_ATTEMPTS + 2)
      assert.equal(delivery?.attempts.length, MAX_DELIVERY_ATTEMPTS)
      assert.deepEqual([delivery?.attempts[0]?.at, delivery?.attempts.at(-1)?.at], [2, MAX_DELIVERY_ATTEMPTS + 1])
    })

    test('one receiver never takes the room of the others, and what is left is told', async () => {
      await using bench = await makeBench()
      for (let n = 0; n < 4; n++) await endTold(bench, `https://slow.example/${n}`)
      bench.advance(1)
      await endTold(bench, 'https://quick.example/hook')
      const { deliveries } = bench.engine
      const hosts = (all: readonly ClaimedDelivery[]) => all.map(({ url }) => new URL(url).host)
      const first = await deliveries.claim({ ...ALL, perHost: 2 })
      assert.deepEqual(hosts(first.deliveries), ['slow.example', 'slow.example', 'quick.example'])
      assert.equal(first.more, true)
      const busy = new Map([['slow.example', 2]])
      assert.deepEqual(hosts((await deliveries.claim({ ...ALL, perHost: 2, busy })).deliveries), [])
      const third = await deliveries.claim({ ...ALL, perHost: 2, limit: 1 })
      assert.deepEqual([hosts(third.deliveries), third.more], [['slow.example'], true])
      assert.equal((await deliveries.claim(ALL)).more, false)
    })

    test('a receiver with more due than a claim looks at hides nobody from the next claim', async () => {
      await using bench = await makeBench()
      const jobs = Array.from({ length: CLAIM_WINDOW + 10 }, (_, n) =>
        submit(bench, { callbackUrl: `https://slow.example/${n}` }),
      )
      await Promise.all((await Promise.all(jobs)).map(({ id }) => bench.engine.requestCancel(id)))
      bench.advance(1)
      await endTold(bench, 'https://quick.example/hook')
      const { deliveries } = bench.engine
      const first = await deliveries.claim({ ...ALL, perHost: 8 })
      assert.deepEqual([first.deliveries.length, first.more], [8, true])
      const second = await deliveries.claim({ ...ALL, perHost: 8, busy: new Map([['slow.example', 8]]) })
      assert.deepEqual(
        second.deliveries.map(({ url }) => url),
        ['https://quick.example/hook'],
      )
    })

    test('bodies that are long together are claimed one after the other, one that is longer alone', async () => {
      await using bench = await makeBench()
      for (let n = 0; n < 3; n++) await endTold(bench, `https://${n}.example/`)
      const { deliveries } = bench.engine
      const { length } = describeTestBody
      const claim = async (maxBytes: number) => {
        const claimed = await deliveries.claim({ ...ALL, maxBytes })
        return [claimed.deliveries.length, claimed.more]
      }
      assert.deepEqual(await claim(2 * length), [2, true])
      assert.deepEqual(await claim(1), [1, false])
    })

    test('a resend begins anew whatever became of it; one under way is left', async () => {
      await using bench = await makeBench()
      const { deliveries } = bench.engine
      const job = await endTold(bench)
      const id = `${job.id}-${job.version}`
      const claimed = await claimOne(bench)
      assert.equal((await deliveries.resend(job.id, id))?.state, 'sending')
      const attempt = attemptAt(bench.clock.now(), 'no')
      await deliveries.record(claimed, { state: 'failed', dueAt: null, attempt })
      bench.advance(2 * DAY_MS)
      const due: number[] = []
      deliveries.onDue((dueAt) => due.push(dueAt))
      const now = bench.clock.now()
      const resent = await deliveries.resend(job.id, id)
      assert.deepEqual(
        [resent?.state, resent?.nextAt, resent?.expiresAt, resent?.attempt, resent?.retries, resent?.attempts],
        ['pending', now, now + DAY_MS, 1, 0, [attempt]],
      )
      // A heartbeat may tell of it too.
      assert.deepEqual([...new Set(due)], [now])
      assert.equal((await claimOne(bench)).id, id)
      assert.equal(await deliveries.resend(job.id, 'another'), undefined)
      assert.equal(await deliveries.resend('another', id), undefined)
    })

    test('deliveries are counted while they are on their way, and forgotten with their job', async () => {
      await using bench = await makeBench()
      const { deliveries } = bench.engine
      assert.deepEqual(await deliveries.counts(), { pending: 0, oldestDueAt: null })
      const now = bench.clock.now()
      const job = await endTold(bench)
      assert.deepEqual(await deliveries.counts(), { pending: 1, oldestDueAt: now })
      const claimed = await claimOne(bench)
      assert.equal((await deliveries.counts()).pending, 1)
      await bench.engine.prune([job.id])
      assert.deepEqual(await deliveries.counts(), { pending: 0, oldestDueAt: null })
      assert.equal(
        await deliveries.record(claimed, { state: 'delivered', dueAt: null, attempt: attemptAt(now) }),
        false,
      )
    })
  })
}
