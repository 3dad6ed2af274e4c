import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import type { JobEngine } from '../../src/engine/job-engine.ts'
import type { Schedule, ScheduleRecords } from '../../src/engine/schedule-records.ts'
import { newJob } from '../support/new-job.ts'
import { newSchedule } from '../support/new-schedule.ts'

type Engine = Pick<JobEngine, 'get' | 'counts' | 'insert' | 'list'> & { readonly schedules: ScheduleRecords }

/** Schedule records on the bench. */
export interface ScheduleBench extends AsyncDisposable {
  readonly engine: Engine
  readonly clock: Clock
  reopen(): Promise<Engine>
}

const code = (expected: string) => (thrown: unknown) => {
  assert.equal((thrown as { code?: string }).code, expected)
  return true
}

const names = (items: readonly Schedule[]): string[] => items.map(({ tenant, name }) => `${tenant ?? ''}/${name}`)

/** What every keeper of schedules keeps to. `makeBench` gives empty ones. */
export function scheduleRecordsConformance(name: string, makeBench: () => Promise<ScheduleBench>): void {
  describe(`${name} keeps schedules`, () => {
    test('a schedule is found as it was created, by its name and after a restart', async () => {
      await using bench = await makeBench()
      const now = bench.clock.now()
      const schedule = newSchedule(now, {
        lastFire: { tick: now, at: now + 1, jobId: 'j' },
        lastSkip: { tick: now, at: now, reason: 'overlap', message: 'half a pair: \ud800 "✓"'.toWellFormed() },
        openJobs: ['j'],
      })
      assert.equal(await bench.engine.schedules.create(schedule), true)
      const { schedules } = await bench.reopen()
      assert.deepEqual(await schedules.get(null, 'nightly'), schedule)
      assert.equal(await schedules.get(null, 'other'), undefined)
      assert.equal(await schedules.get('someone', 'nightly'), undefined)
    })

    test('a name is taken once by each tenant', async () => {
      await using bench = await makeBench()
      const { schedules } = bench.engine
      const now = bench.clock.now()
      const first = newSchedule(now)
      assert.equal(await schedules.create(first), true)
      assert.equal(await schedules.create(newSchedule(now)), false)
      assert.equal(await schedules.create(newSchedule(now, { tenant: 'acme' })), true)
      assert.deepEqual(await schedules.get(null, 'nightly'), first)
    })

    test('no more are created than may be, also at once', async () => {
      await using bench = await makeBench()
      const { schedules } = bench.engine
      const create = (name: string) => schedules.create(newSchedule(bench.clock.now(), { name }), { max: 2 })
      const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map(create))
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2)
      await assert.rejects(create('e'), code('TOO_MANY_SCHEDULES'))
      const [known] = (await schedules.list({ limit: 1 })).items
      assert.equal(await create(known?.name ?? ''), false, 'one that is there is answered, not refused')
    })

    test('a tenant creates no more than it may have, and takes from no other', async () => {
      await using bench = await makeBench()
      const { schedules } = bench.engine
      const create = (name: string, tenant: string | null) =>
        schedules.create(newSchedule(bench.clock.now(), { name, tenant }), { max: 9, maxOfTenant: 2 })
      const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => create(name, 'acme')))
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2)
      await assert.rejects(create('e', 'acme'), { code: 'TOO_MANY_SCHEDULES', message: /^Tenant acme has 2 schedules/ })
      for (const [name, tenant] of [...['a', 'b', 'c'].map((name) => [name, null] as const), ['a', 'zeta'] as const]) {
        assert.equal(await create(name, tenant), true, `${tenant}/${name}`)
      }
    })

    test('a listing goes by name, page by page, of one tenant or of all', async () => {
      await using bench = await makeBench()
      const { schedules } = bench.engine
      for (const name of ['c', 'a', 'B-2.x', 'b_1']) await schedules.create(newSchedule(bench.clock.now(), { name }))
      for (const name of ['a', 'c']) await schedules.create(newSchedule(bench.clock.now(), { name, tenant: 'acme' }))
      const found: string[] = []
      let cursor: string | null | undefined
      while (cursor !== null) {
        const page = await schedules.list({ limit: 2, ...(cursor !== undefined && { cursor }) })
        found.push(...names(page.items))
        cursor = page.next
      }
      assert.deepEqual(found, ['/B-2.x', '/a', 'acme/a', '/b_1', '/c', 'acme/c'])
      assert.deepEqual(names((await schedules.list({ limit: 9, tenant: 'acme' })).items), ['acme/a', 'acme/c'])
      await assert.rejects(schedules.list({ limit: 1, cursor: '{}' }), code('VALIDATION_FAILED'))
    })

    test('a change is made once, with its jobs, whoever decides on the same revision', async () => {
      await using bench = await makeBench()
      const { engine, clock } = bench
      const before = newSchedule(clock.now())
      await engine.schedules.create(before)
      const nextTick = clock.now() + 120_000
      const changes = Array.from({ length: 5 }, () => {
        const job = newJob(clock.now())
        const lastFire = { tick: before.nextTick, at: clock.now(), jobId: job.id }
        return { job, change: { schedule: { ...before, nextTick, lastFire }, jobs: [job] } }
      })
      const made = (await Promise.all(changes.map(({ change }) => engine.schedules.change([change])))).flat()
      assert.equal(made.filter(Boolean).length, 1)
      const winner = changes[made.indexOf(true)]
      const after = await engine.schedules.get(null, 'nightly')
      assert.deepEqual(after, { ...winner?.change.schedule, revision: 1 })
      const { items } = await engine.list({ limit: 9 })
      assert.deepEqual(
        items.map(({ id }) => id),
        [winner?.job.id],
      )
      assert.equal((await engine.counts()).states.queued, 1)
    })

    test('of many changes, those that are stale change nothing and the others are made', async () => {
      await using bench = await makeBench()
      const { engine, clock } = bench
      const [a, b] = [newSchedule(clock.now(), { name: 'a' }), newSchedule(clock.now(), { name: 'b' })]
      for (const each of [a, b]) await engine.schedules.create(each)
      const jobs = [newJob(clock.now()), newJob(clock.now())] as const
      const made = await engine.schedules.change([
        { schedule: { ...a, revision: 7 }, jobs: [jobs[0]] },
        { schedule: { ...b, nextTick: null }, jobs: [jobs[1]] },
      ])
      assert.deepEqual(made, [false, true])
      assert.equal(await engine.get(jobs[0].id), undefined)
      assert.equal((await engine.get(jobs[1].id))?.state, 'queued')
    })

    test('what was deleted is changed no more, and fires nothing', async () => {
      await using bench = await makeBench()
      const { engine, clock } = bench
      const schedule = newSchedule(clock.now())
      await engine.schedules.create(schedule)
      assert.equal(await engine.schedules.delete(null, 'nightly'), true)
      assert.equal(await engine.schedules.delete(null, 'nightly'), false)
      await engine.schedules.create(newSchedule(clock.now()))
      const job = newJob(clock.now())
      assert.deepEqual(await engine.schedules.change([{ schedule, jobs: [job] }]), [false], 'a namesake is another')
      assert.equal(await engine.get(job.id), undefined)
    })

    test('a full queue refuses the whole change', async () => {
      await using bench = await makeBench()
      const { engine, clock } = bench
      const before = newSchedule(clock.now())
      await engine.schedules.create(before)
      await engine.insert(newJob(clock.now()))
      const jobs = [newJob(clock.now()), newJob(clock.now())]
      const change = { schedule: { ...before, nextTick: null }, jobs }
      await assert.rejects(
        engine.schedules.change([change], () => ({ maxQueued: 2 })),
        code('QUEUE_FULL'),
      )
      assert.deepEqual(await engine.schedules.get(null, 'nightly'), before)
      assert.equal((await engine.counts()).states.queued, 1)
      assert.deepEqual(await engine.schedules.change([change], () => ({ maxQueued: 3 })), [true])
      assert.equal((await engine.counts()).states.queued, 3)
    })

    test("a tenant's full queue refuses its changes, and no others", async () => {
      await using bench = await makeBench()
      const { engine, clock } = bench
      const roomOf = (tenant: string | null) => ({ maxQueued: 100, maxQueuedOfTenant: tenant === null ? undefined : 2 })
      const make = async (tenant: string | null, name: string, count: number) => {
        const schedule = newSchedule(clock.now(), { tenant, name, nextTick: null })
        await engine.schedules.create(schedule)
        const jobs = Array.from({ length: count }, () => newJob(clock.now(), tenant === null ? {} : { tenant }))
        return { schedule, jobs }
      }
      const [acme, more, zeta, nobodys] = await Promise.all([
        make('acme', 'a', 2),
        make('acme', 'b', 1),
        make('zeta', 'a', 2),
        make(null, 'a', 5),
      ])
      await assert.rejects(engine.schedules.change([acme, more], roomOf), {
        code: 'QUEUE_FULL',
        message: /^2 jobs of tenant acme are waiting/,
      })
      assert.equal((await engine.counts()).states.queued, 0)
      assert.deepEqual(await engine.schedules.change([acme, zeta, nobodys], roomOf), [true, true, true])
      await assert.rejects(engine.schedules.change([more], roomOf), code('QUEUE_FULL'))
      assert.deepEqual(await engine.schedules.get('acme', 'b'), more.schedule)
      assert.equal((await engine.counts()).states.queued, 9)
    })

    test('those that are due are found, the longest due first, and when the next one is', async () => {
      await using bench = await makeBench()
      const { schedules } = bench.engine
      const now = bench.clock.now()
      assert.equal(await schedules.nextTick(), null)
      const ticks = { late: now - 5, now, soon: now + 1, paused: null }
      for (const [name, nextTick] of Object.entries(ticks)) await schedules.create(newSchedule(now, { name, nextTick }))
      assert.deepEqual(names(await schedules.due(now, 10)), ['/late', '/now'])
      assert.deepEqual(names(await schedules.due(now, 1)), ['/late'])
      assert.equal(await schedules.nextTick(), now - 5)
      await schedules.create(newSchedule(now, { name: 'late', tenant: 'acme', nextTick: now - 9 }))
      assert.deepEqual(names(await schedules.due(now, 10)), ['acme/late', '/late', '/now'])
      assert.deepEqual(names(await schedules.due(now, 10, ['acme'])), ['/late', '/now'])
      assert.deepEqual(names(await schedules.due(now, 10, [null, 'zeta'])), ['acme/late'])
      assert.equal(await schedules.nextTick(['acme']), now - 5)
      assert.equal(await schedules.nextTick(['acme', null]), null)
    })

    test('whoever listens hears when schedules that are written will be due', async () => {
      await using bench = await makeBench()
      const { schedules } = bench.engine
      const now = bench.clock.now()
      const heard: number[] = []
      schedules.onDue((tick) => heard.push(tick))
      const schedule = newSchedule(now, { nextTick: now + 500_000 })
      await schedules.create(schedule)
      await schedules.change([{ schedule: { ...schedule, nextTick: now + 400_000 }, jobs: [] }])
      await schedules.change([{ schedule: { ...schedule, revision: 1, nextTick: null }, jobs: [] }])
      assert.deepEqual(heard, [now + 500_000, now + 400_000])
    })
  })
}
