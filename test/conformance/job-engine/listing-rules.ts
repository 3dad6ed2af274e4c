import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JobEngine, JobQuery } from '../../../src/engine/job-engine.ts'
import type { Job, NewJob } from '../../../src/job/job.ts'
import { COMPLETED, FAILED, type MakeEngine, runOne, submit } from './bench.ts'

/** Listing jobs. */
export function listingRules(makeEngine: MakeEngine): void {
  const idsOf = async (engine: JobEngine, query: Omit<JobQuery, 'limit'>, limit = 100): Promise<string[]> =>
    (await engine.list({ limit, ...query })).items.map(({ id }) => id)

  describe('listing', () => {
    test('pages are newest first, whole, and stable while jobs arrive', async () => {
      await using bench = await makeEngine()
      const ids: string[] = []
      for (let n = 0; n < 7; n++) {
        ids.unshift((await submit(bench)).id)
        if (n % 2 === 0) bench.advance(1)
      }
      const seen: string[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await bench.engine.list({ limit: 3, ...(cursor !== undefined && { cursor }) })
        seen.push(...page.items.map(({ id }) => id))
        cursor = page.next
        bench.advance(1)
        await submit(bench)
      }
      assert.equal(seen.length, 7)
      assert.deepEqual(new Set(seen), new Set(ids))
      assert.equal(seen[0], ids[0])
      assert.equal(seen[6], ids[6])
    })

    test('jobs of every kind and state stand in the order in which they were created', async () => {
      await using bench = await makeEngine()
      const { engine, clock } = bench
      const kinds: (() => Partial<NewJob>)[] = [
        () => ({}),
        () => ({ priority: 3 }),
        () => ({ group: 'a' }),
        () => ({ runAt: clock.now() + 7 }),
        () => ({ runAt: clock.now() - 7 }),
        () => ({ runAt: clock.now() + 1_000_000 }),
        () => ({ resources: { cpu: 1, memoryBytes: 0, scratchBytes: 0 } }),
        () => ({}),
      ]
      const jobs: Job[] = []
      for (let turn = 0; turn < 3; turn++) {
        for (const kind of kinds) {
          bench.advance(1)
          jobs.unshift(await submit(bench, kind()))
        }
        await runOne(bench, COMPLETED)
        await runOne(bench, FAILED)
      }
      await engine.requestCancel(jobs[7]?.id ?? '')
      bench.advance(10)
      const since = jobs[12]?.createdAt ?? 0
      const ids = jobs.map(({ id }) => id)
      for (const [query, expected] of [
        [{}, ids],
        [{ createdAfter: since }, ids.slice(0, 13)],
        [{ createdBefore: since }, ids.slice(13)],
      ] as const) {
        const seen: string[] = []
        for (let cursor: string | null | undefined; cursor !== null; ) {
          const page = await engine.list({ ...query, limit: 5, ...(cursor !== undefined && { cursor }) })
          seen.push(...page.items.map(({ id }) => id))
          cursor = page.next
        }
        assert.deepEqual(seen, expected)
      }
    })

    test('states, group, labels and instants choose', async () => {
      await using bench = await makeEngine()
      const done = await submit(bench, { labels: { ship: 'Sonne' } })
      await runOne(bench, COMPLETED)
      bench.advance(1_000)
      const queued = await submit(bench, { group: 'a', labels: { ship: 'Sonne', leg: '1' } })
      bench.advance(1_000)
      const cancelled = await submit(bench, { group: 'a' })
      await bench.engine.requestCancel(cancelled.id)
      const { engine } = bench
      assert.deepEqual(await idsOf(engine, { states: ['completed'] }), [done.id])
      assert.deepEqual(await idsOf(engine, { states: ['queued', 'cancelled'] }), [cancelled.id, queued.id])
      assert.deepEqual(await idsOf(engine, { states: ['processing'] }), [])
      assert.deepEqual(await idsOf(engine, { group: 'a' }), [cancelled.id, queued.id])
      assert.deepEqual(await idsOf(engine, { group: 'a', states: ['queued'] }), [queued.id])
      assert.deepEqual(await idsOf(engine, { labels: { ship: 'Sonne' } }), [queued.id, done.id])
      assert.deepEqual(await idsOf(engine, { labels: { ship: 'Sonne', leg: '1' } }), [queued.id])
      assert.deepEqual(await idsOf(engine, { labels: { ship: 'Meteor' } }), [])
      assert.deepEqual(await idsOf(engine, { createdAfter: queued.createdAt }), [cancelled.id, queued.id])
      assert.deepEqual(await idsOf(engine, { createdBefore: queued.createdAt }), [done.id])
      assert.deepEqual(await idsOf(engine, { completedBefore: done.createdAt }), [])
      assert.deepEqual(await idsOf(engine, { completedBefore: done.createdAt + 1 }), [done.id])
      assert.deepEqual(await idsOf(engine, { completedBefore: cancelled.createdAt + 1 }), [cancelled.id, done.id])
    })

    test('a tenant finds its own jobs, alone or together with every other choice', async () => {
      await using bench = await makeEngine()
      const { engine } = bench
      const common = { group: 'a', labels: { ship: 'Sonne' } }
      const ours = await submit(bench, { ...common, tenant: 'acme' })
      bench.advance(1)
      const theirs = await submit(bench, { ...common, tenant: 'zeta' })
      bench.advance(1)
      const nobodys = await submit(bench, common)
      assert.deepEqual(await idsOf(engine, { tenant: 'acme' }), [ours.id])
      assert.deepEqual(await idsOf(engine, { tenant: 'zeta', group: 'a' }), [theirs.id])
      assert.deepEqual(await idsOf(engine, { tenant: 'zeta', states: ['queued'] }), [theirs.id])
      assert.deepEqual(await idsOf(engine, { tenant: 'zeta', states: ['failed'] }), [])
      assert.deepEqual(await idsOf(engine, { tenant: 'acme', labels: { ship: 'Sonne' } }), [ours.id])
      assert.deepEqual(await idsOf(engine, { tenant: 'nobody' }), [])
      assert.deepEqual(await idsOf(engine, { tenant: '' }), [])
      assert.deepEqual(await idsOf(engine, {}), [nobodys.id, theirs.id, ours.id])
    })

    test("a schedule's jobs are found by its name, alone or together with every other choice", async () => {
      await using bench = await makeEngine()
      const { engine } = bench
      const schedule = { name: 'nightly', tick: bench.clock.now() }
      const ours = await submit(bench, { schedule, group: 'a', tenant: 'acme' })
      bench.advance(1)
      const byHand = await submit(bench, { schedule: { ...schedule, tick: null } })
      await submit(bench, { schedule: { ...schedule, name: 'hourly' } })
      await submit(bench)
      assert.deepEqual(await idsOf(engine, { schedule: 'nightly' }), [byHand.id, ours.id])
      assert.deepEqual(await idsOf(engine, { schedule: 'nightly', group: 'a' }), [ours.id])
      assert.deepEqual(await idsOf(engine, { schedule: 'nightly', tenant: 'acme' }), [ours.id])
      assert.deepEqual(await idsOf(engine, { schedule: 'nightly', states: ['failed'] }), [])
      assert.deepEqual(await idsOf(engine, { schedule: 'weekly' }), [])
      assert.deepEqual((await engine.get(byHand.id))?.schedule, { name: 'nightly', tick: null })
    })

    test('a filter that few jobs pass finds all of them, page by page', async () => {
      await using bench = await makeEngine()
      const wanted: string[] = []
      const all = Array.from({ length: 300 }, (_, n) => submit(bench, n % 60 === 0 ? { labels: { rare: 'yes' } } : {}))
      for (const [n, job] of (await Promise.all(all)).entries()) if (n % 60 === 0) wanted.push(job.id)
      const seen: string[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await bench.engine.list({
          limit: 2,
          labels: { rare: 'yes' },
          ...(cursor !== undefined && { cursor }),
        })
        seen.push(...page.items.map(({ id }) => id))
        cursor = page.next
      }
      assert.deepEqual(seen.sort(), wanted.sort())
    })

    test('a page of very long jobs ends early and the next one goes on', async () => {
      await using bench = await makeEngine()
      const long = 'x'.repeat(7 * 1024 * 1024)
      const ids: string[] = []
      for (const parameters of [null, long, long, long, null, long]) {
        ids.unshift((await submit(bench, { parameters })).id)
        bench.advance(1)
      }
      const pages: string[][] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await bench.engine.list({ limit: 100, ...(cursor !== undefined && { cursor }) })
        pages.push(page.items.map(({ id }) => id))
        cursor = page.next
      }
      assert.deepEqual(pages.flat(), ids)
      assert.ok(pages.length > 1 && pages.every((page) => page.length > 0))
    })

    test('a cursor tells nothing but what its last job tells: not how many jobs others have', async () => {
      await using bench = await makeEngine()
      const mine = [await submit(bench, { tenant: 'acme' }), await submit(bench, { tenant: 'acme' })]
      await submit(bench, { tenant: 'other' })
      const page = await bench.engine.list({ tenant: 'acme', limit: 1 })
      const [last] = page.items
      assert.equal(page.next, `${last?.createdAt}.${last?.id}`)
      const rest = await bench.engine.list({ tenant: 'acme', limit: 1, cursor: page.next ?? '' })
      assert.deepEqual([last?.id, rest.items[0]?.id].sort(), mine.map(({ id }) => id).sort())
    })

    test('a listing goes on, and leaves out none, when the last job of its page has been deleted', async () => {
      await using bench = await makeEngine()
      for (let n = 0; n < 4; n++) await submit(bench)
      const { items, next } = await bench.engine.list({ limit: 2 })
      const [first, last] = items
      await bench.engine.requestCancel(last?.id ?? '')
      assert.equal((await bench.engine.prune([last?.id ?? ''])).length, 1)
      const rest = await bench.engine.list({ limit: 10, cursor: next ?? '' })
      assert.equal(rest.items.filter(({ id }) => id !== first?.id).length, 2)
    })

    test("a cursor of another tenant's job goes on as one of a job that is gone", async () => {
      await using bench = await makeEngine()
      const mine = await submit(bench, { tenant: 'acme' })
      const theirs = await submit(bench, { tenant: 'other' })
      const ask = (id: string) => bench.engine.list({ tenant: 'acme', limit: 10, cursor: `${theirs.createdAt}.${id}` })
      assert.deepEqual(await ask(theirs.id), await ask('none'))
      assert.deepEqual(
        (await ask(theirs.id)).items.map(({ id }) => id),
        [mine.id],
      )
    })

    test('a cursor that no listing gave is refused', async () => {
      await using bench = await makeEngine()
      await assert.rejects(bench.engine.list({ limit: 1, cursor: "1' OR 1=1" }), { code: 'VALIDATION_FAILED' })
    })
  })
}
