import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newId } from '../../../src/base/ids.ts'
import type { Job, NewJob } from '../../../src/job/job.ts'
import { queueGroup } from '../../../src/job/queue-group.ts'
import { newJob } from '../../support/new-job.ts'
import { TestWorker } from '../../support/test-worker.ts'
import { type MakeEngine, submit } from './bench.ts'

/** Keeping and finding jobs. */
export function recordRules(makeEngine: MakeEngine): void {
  describe('records', () => {
    test('a full queue takes no more, also of jobs that come at one moment', async () => {
      await using bench = await makeEngine()
      const now = bench.clock.now()
      const wishes = Array.from({ length: 10 }, (_, n) => newJob(now, { runAt: now + (n % 2) * 60_000 }))
      const kept = await Promise.allSettled(wishes.map((job) => bench.engine.insert(job, { maxQueued: 3 })))
      const codes = kept.map((each) => (each.status === 'rejected' ? each.reason.code : 'kept'))
      assert.deepEqual(codes, [...Array(3).fill('kept'), ...Array(7).fill('QUEUE_FULL')])
    })

    test('of jobs that come at one moment each is kept, found or delayed for itself', async () => {
      await using bench = await makeEngine()
      const now = bench.clock.now()
      const there = await submit(bench)
      const manifestOf = (files: number) => ({
        files: Array.from({ length: files }, (_, i) => ({ uri: `s3://datasets/${newId()}/${i}.dat` })),
      })
      const plain = Array.from({ length: 9 }, (_, i) => newJob(now, { manifest: manifestOf(i % 3 === 1 ? 60 : 1) }))
      const [twice, again] = [newJob(now, { manifest: manifestOf(1) }), newJob(now, { manifest: manifestOf(60) })]
      const idempotency = { key: 'k', requestHash: 'h' }
      const keyed = newJob(now, { idempotency })
      const other = newJob(now, { labels: { ship: 'Sonne' }, parameters: { threshold: 0.5 }, priority: 3 })
      const delayed = newJob(now, { runAt: now + 60_000 })
      const wishes = [
        ...plain.slice(0, 3),
        twice,
        { ...newJob(now), id: there.id },
        twice,
        ...plain.slice(3, 7),
        keyed,
        other,
        delayed,
        newJob(now, { idempotency }),
        again,
        ...plain.slice(7),
        again,
      ]
      const answers = await Promise.all(wishes.map((job) => bench.engine.insert(job)))
      assert.deepEqual(
        answers.map(({ job, replayed }) => [job.id, replayed]),
        wishes.map((wish, i) => {
          const isAgain = wish.id === there.id || wishes.indexOf(wish) < i
          const isKeyAgain = wish.idempotency !== undefined && wish !== keyed
          return [isKeyAgain ? keyed.id : wish.id, isAgain || isKeyAgain]
        }),
      )
      const kept = new Set(answers.map(({ job }) => job.id))
      assert.equal((await bench.engine.counts()).states.queued, kept.size)
      for (const { job } of answers) assert.deepEqual(await bench.engine.get(job.id), job)
      const { items } = await bench.engine.list({ limit: 100 })
      assert.deepEqual(new Set(items.map(({ id }) => id)), kept)
      const worker = new TestWorker(bench.engine, { concurrency: 100 })
      for (let claimed = 0; claimed < kept.size - 1; claimed++) {
        const { job, end } = await worker.next()
        const submitted = job.id === there.id ? there : wishes.find(({ id }) => id === job.id)
        assert.deepEqual(job.manifest, submitted?.manifest)
        end()
      }
    })

    test("a tenant's full queue takes no more of its jobs, and those of others go on", async () => {
      await using bench = await makeEngine()
      const now = bench.clock.now()
      const ask = (tenant: string | undefined, idempotency?: { key: string; requestHash: string }) =>
        bench.engine.insert(
          newJob(now, { ...(tenant !== undefined && { tenant }), ...(idempotency && { idempotency }) }),
          { maxQueued: 100, maxQueuedOfTenant: tenant === undefined ? undefined : 2 },
        )
      const first = await ask('acme', { key: 'k', requestHash: 'h' })
      const asked = await Promise.allSettled(
        ['acme', 'acme', 'zeta', undefined, 'acme', 'zeta', 'zeta'].map((t) => ask(t)),
      )
      const codes = asked.map((each) => (each.status === 'rejected' ? each.reason.code : 'kept'))
      assert.deepEqual(codes, ['kept', 'QUEUE_FULL', 'kept', 'kept', 'QUEUE_FULL', 'kept', 'QUEUE_FULL'])
      assert.equal((await ask('acme', { key: 'k', requestHash: 'h' })).replayed, true)
      await bench.engine.requestCancel(first.job.id)
      assert.equal((await ask('acme')).replayed, false)
      await assert.rejects(ask('acme'), { code: 'QUEUE_FULL', message: /^2 jobs of tenant acme are waiting/ })
    })

    test('a kept job is found with everything it was submitted with', async () => {
      await using bench = await makeEngine()
      const submitted = newJob(bench.clock.now(), {
        runAt: bench.clock.now() + 5_000,
        parameters: { threshold: 0.5, nested: [1, null, 'ä\u{1F41F}'] },
        priority: -7,
        group: 'plankton',
        tenant: 'acme',
        schedule: { name: 'nightly', tick: bench.clock.now() },
        labels: { ship: 'Polarstern', leg: '2' },
        maxAttempts: 9,
        timeoutMs: 1_500,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      })
      const { job, replayed } = await bench.engine.insert(submitted)
      assert.equal(replayed, false)
      assert.deepEqual(await bench.engine.get(job.id), job)
      assert.partialDeepStrictEqual(job, {
        ...submitted,
        state: 'queued',
        version: 1,
        attempt: 0,
        progress: { stage: 'queued' },
      })
      assert.deepEqual([job.error, job.result, job.worker, job.completedAt], [null, null, null, null])
    })

    test('a manifest of 10,000 files is found whole', async () => {
      await using bench = await makeEngine()
      const files = Array.from({ length: 10_000 }, (_, n) => ({ uri: `s3://datasets/a/${n}.dat` }))
      const { id } = await submit(bench, { manifest: { files } })
      assert.deepEqual((await bench.engine.get(id))?.manifest, { files })
    })

    test('an unknown job is not found', async () => {
      await using bench = await makeEngine()
      assert.equal(await bench.engine.get(newJob(0).id), undefined)
      assert.deepEqual(await bench.engine.files(newJob(0).id, { limit: 10 }), { items: [], next: null })
      assert.deepEqual(await bench.engine.logs(newJob(0).id, 10), [])
      assert.deepEqual(await bench.engine.since(newJob(0).id, 0, 10), [])
    })

    test('the same id again answers the job that is there', async () => {
      await using bench = await makeEngine()
      const first = await submit(bench, { priority: 1 })
      const again = await bench.engine.insert(newJob(bench.clock.now(), { id: first.id, priority: 2 }))
      assert.deepEqual(again, { job: first, replayed: true })
    })

    test('the same idempotency key with the same request answers the first job', async () => {
      await using bench = await makeEngine()
      const idempotency = { key: 'key-1', requestHash: 'hash-1' }
      const first = await submit(bench, { idempotency })
      const [again, other] = await Promise.all([
        bench.engine.insert(newJob(bench.clock.now(), { idempotency })),
        bench.engine.insert(newJob(bench.clock.now(), { idempotency: { key: 'key-2', requestHash: 'hash-1' } })),
      ])
      assert.deepEqual(again, { job: first, replayed: true })
      assert.equal(other.replayed, false)
      assert.equal((await bench.engine.counts()).states.queued, 2)
    })

    test('the same idempotency key with another request is refused, alone of those asked for together', async () => {
      await using bench = await makeEngine()
      await submit(bench, { idempotency: { key: 'key-1', requestHash: 'hash-1' } })
      const clash = newJob(bench.clock.now(), { idempotency: { key: 'key-1', requestHash: 'hash-2' } })
      const [before, refused, after] = await Promise.allSettled([
        submit(bench),
        bench.engine.insert(clash),
        submit(bench),
      ])
      assert.equal(before.status, 'fulfilled')
      assert.equal(refused.status, 'rejected')
      assert.equal(refused.reason.code, 'IDEMPOTENCY_KEY_REUSED')
      assert.equal(after.status, 'fulfilled')
      assert.equal(await bench.engine.get(clash.id), undefined)
    })

    test("an idempotency key is its tenant's own", async () => {
      await using bench = await makeEngine()
      const idempotency = { key: 'key-1', requestHash: 'hash-1' }
      const ask = (tenant?: string, requestHash = 'hash-1') => {
        const whose = tenant === undefined ? {} : { tenant }
        return bench.engine.insert(
          newJob(bench.clock.now(), { ...whose, idempotency: { ...idempotency, requestHash } }),
        )
      }
      const first = await Promise.all([ask('acme'), ask('zeta', 'hash-2'), ask()])
      assert.deepEqual(
        first.map(({ job, replayed }) => [job.tenant, replayed]),
        [
          ['acme', false],
          ['zeta', false],
          [null, false],
        ],
      )
      const again = await Promise.all([ask('acme'), ask('zeta', 'hash-2'), ask()])
      assert.deepEqual(
        again.map(({ job, replayed }) => [job.id, replayed]),
        first.map(({ job }) => [job.id, true]),
      )
      await assert.rejects(ask('zeta'), { code: 'IDEMPOTENCY_KEY_REUSED' })
      await assert.rejects(bench.engine.insert(newJob(0, { tenant: 'zeta', idempotency }), { maxQueued: 3 }), {
        code: 'IDEMPOTENCY_KEY_REUSED',
      })
    })

    test('what was kept is there after the process died', async () => {
      await using bench = await makeEngine()
      const job = await submit(bench, { labels: { ship: 'Sonne' } })
      const engine = await bench.reopen()
      assert.deepEqual(await engine.get(job.id), job)
      assert.equal((await engine.counts()).states.queued, 1)
    })

    test('counts follow every job', async () => {
      await using bench = await makeEngine()
      const now = bench.clock.now()
      await submit(bench, { runAt: now + 60_000 })
      const old = await submit(bench)
      bench.advance(1_000)
      const { id } = await submit(bench)
      await bench.engine.requestCancel(id)
      const { states, oldestDueAt, ahead } = await bench.engine.counts()
      assert.deepEqual(states, { queued: 2, processing: 0, completed: 0, failed: 0, cancelled: 1 })
      assert.deepEqual([oldestDueAt, ahead], [old.runAt, null])
    })

    test('ready jobs of every kind are counted and listed once, and the one due longest is known', async () => {
      await using bench = await makeEngine()
      const needs = { cpu: 1, memoryBytes: 0, scratchBytes: 0 }
      const kinds = [{}, { priority: 5 }, { group: 'night' }, { resources: needs }, {}]
      const jobs: Job[] = []
      for (const kind of kinds) {
        bench.advance(10)
        jobs.push(await submit(bench, kind))
      }
      const engine = await bench.reopen()
      assert.equal((await engine.counts()).states.queued, kinds.length)
      const listed = await engine.list({ limit: 10, states: ['queued'] })
      const newestFirst = jobs.map(({ id }) => id).reverse()
      assert.deepEqual(
        listed.items.map(({ id }) => id),
        newestFirst,
      )
      for (const { id, runAt } of jobs) {
        assert.equal((await engine.counts()).oldestDueAt, runAt)
        await engine.requestCancel(id)
      }
      assert.equal((await engine.counts()).oldestDueAt, null)
    })

    test('a queued job knows how many run before it', async () => {
      await using bench = await makeEngine()
      const first = await submit(bench)
      bench.advance(1)
      const second = await submit(bench)
      await submit(bench, { priority: 5 })
      const aheadOf = async (id: string): Promise<number | null> => (await bench.engine.counts(id)).ahead
      assert.deepEqual([await aheadOf(first.id), await aheadOf(second.id)], [1, 2])
      await bench.engine.requestCancel(first.id)
      assert.deepEqual([await aheadOf(first.id), await aheadOf(second.id)], [null, 1])
    })

    test("of the jobs before a tenant's job, those of other tenants are not counted", async () => {
      await using bench = await makeEngine()
      const submitted = (tenant: string | undefined, group?: string, given: Partial<NewJob> = {}): Promise<Job> => {
        bench.advance(1)
        const owner = tenant === undefined ? {} : { tenant }
        return submit(bench, { ...owner, group: queueGroup(tenant, group), ...given })
      }
      for (const tenant of [undefined, 'acm', 'acme2', 'zoo']) {
        await submitted(tenant)
        await submitted(tenant, 'night')
        await submitted(tenant, 'night', { priority: 3 })
      }
      const aheadOf = async ({ id }: Job): Promise<number | null> => (await bench.engine.counts(id)).ahead
      assert.equal(await aheadOf(await submitted('acme')), 0)
      await submitted('acme', 'day')
      await submitted('acme', undefined, { priority: 7 })
      await submitted('acme', 'day', { priority: 2, resources: { cpu: 1, memoryBytes: 0, scratchBytes: 0 } })
      await submitted('acme', 'day', { priority: 7 })
      assert.equal(await aheadOf(await submitted('acme', 'night')), 3)
      // Its own group's first and three of higher priority, and of the other groups one each.
      assert.equal(await aheadOf(await submitted('acme')), 6)
    })
  })
}
