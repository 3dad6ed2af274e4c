import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TenantConcurrency } from '../../../src/access/tenant-limits.ts'
import { queueGroup } from '../../../src/job/queue-group.ts'
import { TestWorker } from '../../support/test-worker.ts'
import { COMPLETED, decideOn, type EngineBench, type MakeEngine, submit } from './bench.ts'

/** Runs all due jobs one at a time; answers their ids in the order they ran. */
async function runAll({ engine, clock }: EngineBench, count: number): Promise<string[]> {
  const worker = new TestWorker(engine)
  const order: string[] = []
  while (order.length < count) {
    const run = await worker.next()
    order.push(run.job.id)
    await engine.settle(run.lease, decideOn(COMPLETED, clock.now()), {})
    run.end()
  }
  await worker.dispatch.stop()
  return order
}

/** A job of a tenant's, as the manager drafts it. */
function ofTenant(tenant: string, group?: string) {
  return { tenant, group: queueGroup(tenant, group) }
}

function limits(each: number | undefined, own: Record<string, number | undefined> = {}) {
  return { tenantConcurrency: (): TenantConcurrency => ({ each, own: new Map(Object.entries(own)) }) }
}

/** The order in which jobs run. */
export function orderRules(makeEngine: MakeEngine): void {
  describe('order', () => {
    test('the highest priority runs first, then what has been due longest', async () => {
      await using bench = await makeEngine()
      const now = bench.clock.now()
      const wishes = [
        { runAt: now - 1 },
        { priority: -1 },
        { priority: 3, runAt: now },
        { priority: 3, runAt: now - 5 },
        { runAt: now - 2 },
      ]
      const ids = await Promise.all(wishes.map(async (wish) => (await submit(bench, wish)).id))
      const order = await runAll(bench, 5)
      assert.deepEqual(
        order.map((id) => ids.indexOf(id)),
        [3, 2, 4, 0, 1],
      )
    })

    test('groups take turns, jobs without one as one group, however many each has', async () => {
      await using bench = await makeEngine()
      const groups = ['a', 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'c', null, null]
      const names = new Map<string, string | null>()
      for (const group of groups) {
        names.set((await submit(bench, { group })).id, group)
        bench.advance(1)
      }
      const order = (await runAll(bench, groups.length)).map((id) => names.get(id) ?? null)
      assert.deepEqual(new Set(order.slice(0, 4)), new Set(['a', 'b', 'c', null]))
      assert.deepEqual(new Set(order.slice(4, 7)), new Set(['a', 'b', null]))
      assert.deepEqual(order.slice(7), ['a', 'a', 'a', 'a'])
    })

    test('a group that arrives late gets its turn at once', async () => {
      await using bench = await makeEngine()
      for (let n = 0; n < 5; n++) await submit(bench, { group: 'early' })
      const worker = new TestWorker(bench.engine)
      const run = await worker.next()
      bench.advance(10)
      await submit(bench, { group: 'late' })
      await bench.engine.settle(run.lease, decideOn(COMPLETED, bench.clock.now()), {})
      run.end()
      const runs = [await worker.next()]
      await bench.engine.settle(runs[0]?.lease ?? run.lease, decideOn(COMPLETED, bench.clock.now()), {})
      runs[0]?.end()
      runs.push(await worker.next())
      assert.ok(runs.some(({ job }) => job.group === 'late'))
      runs[1]?.end()
      await worker.dispatch.stop()
    })

    test('groups take turns whatever their names: no order of names leaves one out', async () => {
      await using bench = await makeEngine()
      const groups = ['😀', 'ｱ', '\ue000', 'z', '😀', '\ud800', '\ud800', '\ud800']
      const names = new Map<string, string | null>()
      const order: (string | null | undefined)[] = []
      for (const group of groups) {
        names.set((await submit(bench, { group })).id, group)
        order.push(...(await runAll(bench, 1)).map((id) => names.get(id)))
      }
      assert.deepEqual(order, groups)
    })

    test('no more jobs of one named group run at once than allowed, and other groups go on', async () => {
      await using bench = await makeEngine()
      for (let n = 0; n < 4; n++) await submit(bench, { group: 'limited', priority: 1 })
      for (let n = 0; n < 3; n++) await submit(bench)
      const worker = new TestWorker(bench.engine, { concurrency: 6, groupConcurrency: 2 })
      const runs = await worker.take(5)
      assert.equal(runs.filter(({ job }) => job.group === 'limited').length, 2)
      const first = runs.find(({ job }) => job.group === 'limited')
      assert.ok(first)
      await bench.engine.settle(first.lease, decideOn(COMPLETED, bench.clock.now()), {})
      assert.equal(worker.untaken, 0)
      first.end()
      const next = await worker.next()
      assert.equal(next.job.group, 'limited')
      for (const run of [...runs, next]) run.end()
      await worker.dispatch.stop()
    })

    test('tenants take turns whatever number of groups each names, and so do the groups of each', async () => {
      await using bench = await makeEngine()
      const wishes = [
        ...['a', 'b', 'c', 'a', 'b', 'c'].map((group) => ofTenant('many', group)),
        ...[1, 2, 3].map(() => ofTenant('many-more')),
        ...[1, 2, 3].map(() => ofTenant('one')),
        ...[1, 2, 3].map(() => ({ group: 'nobodys' })),
      ]
      const names = new Map<string, string>()
      for (const wish of wishes) names.set((await submit(bench, wish)).id, 'tenant' in wish ? wish.tenant : 'nobody')
      const groups = new Map(
        await Promise.all([...names.keys()].map(async (id) => [id, await bench.engine.get(id)] as const)),
      )
      const order = await runAll(bench, wishes.length)
      for (let turn = 0; turn < 3; turn++) {
        const round = order.slice(turn * 4, turn * 4 + 4).map((id) => names.get(id))
        assert.deepEqual(new Set(round), new Set(['many', 'many-more', 'one', 'nobody']))
      }
      const ofMany = order.filter((id) => names.get(id) === 'many').map((id) => groups.get(id)?.group)
      assert.equal(new Set(ofMany.slice(0, 3)).size, 3)
      assert.equal(new Set(ofMany.slice(3)).size, 3)
    })

    test('claims of many at once give each tenant the same share, of all its groups', async () => {
      await using bench = await makeEngine()
      for (const group of ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']) await submit(bench, ofTenant('many', group))
      for (let n = 0; n < 8; n++) await submit(bench, ofTenant('one'))
      const worker = new TestWorker(bench.engine, { concurrency: 8 })
      const runs = await worker.take(8)
      assert.equal(runs.filter(({ job }) => job.tenant === 'one').length, 4)
      assert.equal(new Set(runs.map(({ job }) => job.group)).size, 5)
      for (const run of runs) run.end()
      await worker.dispatch.stop()
    })

    test('no more jobs of one tenant run at once than allowed, in whatever groups, and others go on', async () => {
      await using bench = await makeEngine()
      for (const group of ['a', 'b', 'c', undefined, 'a']) {
        await submit(bench, { ...ofTenant('acme', group), priority: 1 })
      }
      for (let n = 0; n < 3; n++) await submit(bench, ofTenant('free'))
      for (let n = 0; n < 2; n++) await submit(bench, { group: 'nobodys' })
      const worker = new TestWorker(bench.engine, { concurrency: 9, ...limits(2, { free: undefined }) })
      const runs = await worker.take(7)
      assert.equal(runs.filter(({ job }) => job.tenant === 'acme').length, 2)
      const [waiting] = (await bench.engine.list({ states: ['queued'], limit: 1 })).items
      assert.equal((await bench.engine.counts(waiting?.id)).tenantRunning, 2)
      const first = runs.find(({ job }) => job.tenant === 'acme')
      assert.ok(first)
      await bench.engine.settle(first.lease, decideOn(COMPLETED, bench.clock.now()), {})
      assert.equal(worker.untaken, 0)
      first.end()
      const next = await worker.next()
      assert.equal(next.job.tenant, 'acme')
      assert.equal(worker.untaken, 0)
      for (const run of [...runs, next]) run.end()
      await worker.dispatch.stop()
    })

    test('a tenant has a limit of its own, beside that of its groups', async () => {
      await using bench = await makeEngine()
      for (const group of ['a', 'a', 'a', 'b', 'b']) await submit(bench, ofTenant('acme', group))
      const worker = new TestWorker(bench.engine, { concurrency: 9, groupConcurrency: 2, ...limits(1, { acme: 3 }) })
      const runs = await worker.take(3)
      await submit(bench, { priority: -1 })
      assert.equal((await worker.next()).job.tenant, null)
      const groups = runs.map(({ job }) => job.group)
      for (const group of groups) assert.ok(groups.filter((each) => each === group).length <= 2)
      assert.equal(worker.untaken, 0)
      for (const run of runs) run.end()
    })

    test('a limit that changes holds from the next claim', async () => {
      await using bench = await makeEngine()
      for (let n = 0; n < 4; n++) await submit(bench, ofTenant('acme'))
      let each = 1
      const tenantConcurrency = (): TenantConcurrency => ({ each, own: new Map() })
      const worker = new TestWorker(bench.engine, { concurrency: 4, tenantConcurrency })
      const runs = [await worker.next()]
      each = 3
      await submit(bench, { priority: -1 })
      runs.push(...(await worker.take(3)))
      assert.equal(runs.filter(({ job }) => job.tenant === 'acme').length, 3)
      for (const run of runs) run.end()
    })

    test('a delayed job runs when it is due and not before', async () => {
      await using bench = await makeEngine()
      const later = await submit(bench, { runAt: bench.clock.now() + 60_000, priority: 9 })
      const worker = new TestWorker(bench.engine, { concurrency: 2 })
      bench.advance(59_999)
      const now = await submit(bench)
      assert.equal((await worker.next()).job.id, now.id)
      assert.equal(worker.untaken, 0)
      bench.advance(1)
      const run = await worker.next()
      assert.equal(run.job.id, later.id)
      assert.equal(run.job.startedAt, later.runAt)
    })

    test('a job delayed for less than one before it runs before it', async () => {
      await using bench = await makeEngine()
      await submit(bench, { runAt: bench.clock.now() + 60_000 })
      const { id } = await submit(bench, { runAt: bench.clock.now() + 10_000 })
      const worker = new TestWorker(bench.engine)
      bench.advance(10_000)
      assert.equal((await worker.next()).job.id, id)
    })

    test('a delayed job runs after the process died while it waited', async () => {
      await using bench = await makeEngine()
      const { id } = await submit(bench, { runAt: bench.clock.now() + 60_000 })
      const worker = new TestWorker(await bench.reopen())
      bench.advance(60_000)
      assert.equal((await worker.next()).job.id, id)
    })
  })
}
