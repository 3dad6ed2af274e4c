import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UNLIMITED } from '../../src/access/access-list.ts'
import { JobManager } from '../../src/engine/job-manager.ts'
import type { Schedule, ScheduleDefinition } from '../../src/engine/schedule-records.ts'
import type { Decision } from '../../src/schedule/decide.ts'
import { Scheduler } from '../../src/schedule/scheduler.ts'
import { Timetable } from '../../src/schedule/timetable.ts'
import { sqliteBench } from '../engine/sqlite-bench.ts'
import { JOB_RULES } from '../support/job-rules.ts'
import { newJob } from '../support/new-job.ts'
import { newSchedule } from '../support/new-schedule.ts'

const MINUTE = 60_000

type Told = Pick<Decision, 'fired' | 'skipped' | 'replaced'> & { name: string }

/** A scheduler on an engine of its own, whose clock the test moves. */
async function openScheduler({
  maxQueued = 5_000,
  maxQueuedOfTenant,
  startAt,
}: {
  maxQueued?: number
  maxQueuedOfTenant?: number
  startAt?: string
} = {}) {
  const bench = await sqliteBench()
  const { clock } = bench
  if (startAt !== undefined) clock.advance(Date.parse(startAt) - clock.now())
  const told: Told[] = []
  const errors: unknown[] = []
  const open = () => {
    const limitsOf = () => ({ ...UNLIMITED, queuedJobs: maxQueuedOfTenant })
    const jobs = new JobManager({ engine: bench.engine, clock, rules: { ...JOB_RULES, maxQueued, limitsOf } })
    const scheduler = new Scheduler({
      records: bench.engine.schedules,
      jobs,
      clock,
      makeJob: ({ name, tenant }, tick) =>
        newJob(clock.now(), { schedule: { name, tick }, ...(tenant !== null && { tenant }) }),
      told: ({ name }, { fired, skipped, replaced }) => told.push({ name, fired, skipped, replaced }),
      waits: (_, why) => errors.push(why),
      onError: (thrown) => errors.push(thrown),
    })
    return { jobs, scheduler }
  }
  const first = open()
  await first.scheduler.start()
  const self = {
    ...bench,
    ...first,
    told,
    errors,
    get engine() {
      return bench.engine
    },
    /** Keeps a schedule that is due with its first tick from now. */
    async keep(definition: Partial<ScheduleDefinition> = {}, wishes: Partial<Schedule> = {}) {
      const schedule = newSchedule(clock.now(), wishes, definition)
      const nextTick =
        wishes.nextTick === undefined ? new Timetable(schedule.definition).next(clock.now()) : wishes.nextTick
      await bench.engine.schedules.create({ ...schedule, nextTick })
    },
    /** Moves the clock, and waits until what is due has been done. */
    async pass(ms: number, stepMs = ms) {
      for (let left = ms; left > 0; left -= stepMs) {
        clock.advance(Math.min(stepMs, left))
        await self.settled()
      }
    },
    async settled() {
      for (let quiet = 0; quiet < 3; ) {
        const before = told.length + errors.length
        clock.advance(0)
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
        await bench.engine.schedules.nextTick()
        quiet = told.length + errors.length === before ? quiet + 1 : 0
      }
    },
    ticks: () => told.flatMap(({ fired }) => fired.map(({ tick }) => new Date(tick ?? 0).toISOString().slice(0, 16))),
    /** Stops everything, lets time pass, and starts anew on the same file. */
    async away(ms: number) {
      await self.scheduler.stop()
      await bench.reopen()
      clock.advance(ms)
      Object.assign(self, open())
      await self.scheduler.start()
      await self.settled()
    },
    async [Symbol.asyncDispose]() {
      await self.scheduler.stop()
      await bench[Symbol.asyncDispose]()
    },
  }
  return self
}

test('a schedule fires at each of its ticks, once', async () => {
  await using bench = await openScheduler()
  await bench.keep({ overlap: 'allow' })
  await bench.pass(3 * MINUTE + 1, 10_000)
  assert.deepEqual(bench.ticks(), ['2026-01-01T00:01', '2026-01-01T00:02', '2026-01-01T00:03'])
  const { items } = await bench.engine.list({ limit: 9, schedule: 'nightly' })
  assert.equal(items.length, 3)
  assert.deepEqual(bench.errors, [])
})

test('without a schedule that will be due no timer is set', async () => {
  await using bench = await openScheduler()
  const idle = bench.clock.pending
  await bench.keep({}, { pausedAt: 1, nextTick: null })
  await bench.settled()
  assert.equal(bench.clock.pending, idle)
  await bench.keep({}, { name: 'other' })
  assert.equal(bench.clock.pending, idle + 1)
  await bench.scheduler.stop()
  assert.equal(bench.clock.pending, idle)
})

test('clocks that go forward and back: every day has its tick', async () => {
  await using spring = await openScheduler({ startAt: '2026-03-28T12:00Z' })
  await spring.keep({ cron: '30 2 * * *', timezone: 'Europe/Berlin', overlap: 'allow' })
  await spring.pass(48 * 60 * MINUTE, 15 * MINUTE)
  assert.deepEqual(spring.ticks(), ['2026-03-29T01:00', '2026-03-30T00:30'])
  await using autumn = await openScheduler({ startAt: '2026-10-24T12:00Z' })
  await autumn.keep({ cron: '30 2 * * *', timezone: 'Europe/Berlin', overlap: 'allow' })
  await autumn.pass(48 * 60 * MINUTE, 15 * MINUTE)
  assert.deepEqual(autumn.ticks(), ['2026-10-25T00:30', '2026-10-26T01:30'])
})

test('a tick that is more than a timer away comes on time', async () => {
  await using bench = await openScheduler()
  await bench.keep({ cron: '0 0 1 4 *' })
  await bench.pass(90 * 24 * 60 * MINUTE, 24 * 60 * MINUTE)
  assert.deepEqual(bench.ticks(), ['2026-04-01T00:00'])
})

test('after a stop and an hour away `once` fires the newest tick, and those before are missed', async () => {
  await using bench = await openScheduler()
  await bench.keep({ cron: '*/10 * * * *', misfire: 'once' })
  await bench.pass(5 * MINUTE)
  await bench.away(60 * MINUTE)
  assert.deepEqual(bench.ticks(), ['2026-01-01T01:00'])
  const after = await bench.engine.schedules.get(null, 'nightly')
  assert.deepEqual(after?.counts, { fired: 1, missed: 5, skipped: 0 })
  assert.match(after?.lastSkip?.message ?? '', /5 ticks passed while nobody could fire/)
})

test('after a stop `skip` fires none and `catch_up` its few', async () => {
  await using bench = await openScheduler()
  await bench.keep({ cron: '*/10 * * * *', misfire: 'skip' }, { name: 'skips' })
  await bench.keep(
    { cron: '*/10 * * * *', misfire: 'catch_up', catchUpLimit: 2, overlap: 'allow' },
    { name: 'catches-up' },
  )
  await bench.away(65 * MINUTE)
  assert.deepEqual(bench.ticks(), ['2026-01-01T00:50', '2026-01-01T01:00'])
  assert.deepEqual((await bench.engine.schedules.get(null, 'skips'))?.counts, { fired: 0, missed: 6, skipped: 0 })
})

test('a clock that is set forward while a tick is awaited is noticed within a minute', async () => {
  await using bench = await openScheduler()
  await bench.keep({ cron: '0 12 * * *' })
  bench.clock.jump(12 * 60 * MINUTE)
  await bench.pass(MINUTE)
  assert.deepEqual(bench.ticks(), ['2026-01-01T12:00'])
})

test('a clock that is set back fires no tick a second time', async () => {
  await using bench = await openScheduler()
  await bench.keep({ overlap: 'allow' })
  await bench.pass(2 * MINUTE, MINUTE)
  bench.clock.jump(-10 * MINUTE)
  await bench.pass(9 * MINUTE, MINUTE)
  assert.equal(bench.ticks().length, 2, 'the ticks that come again have fired')
  await bench.pass(2 * MINUTE, MINUTE)
  assert.deepEqual(bench.ticks(), ['2026-01-01T00:01', '2026-01-01T00:02', '2026-01-01T00:03'])
})

test('while the last job runs ticks are skipped; once it has ended they fire again', async () => {
  await using bench = await openScheduler()
  await bench.keep({ overlap: 'skip' })
  await bench.pass(3 * MINUTE, MINUTE)
  assert.equal(bench.ticks().length, 1)
  const [job] = (await bench.engine.list({ limit: 9 })).items
  await bench.jobs.cancel(job?.id ?? '')
  await bench.pass(MINUTE)
  assert.deepEqual(bench.ticks(), ['2026-01-01T00:01', '2026-01-01T00:04'])
  assert.deepEqual((await bench.engine.schedules.get(null, 'nightly'))?.counts, { fired: 2, missed: 0, skipped: 2 })
})

test('a tick that replaces cancels the job that runs', async () => {
  await using bench = await openScheduler()
  await bench.keep({ overlap: 'replace' })
  await bench.pass(3 * MINUTE, MINUTE)
  const { items } = await bench.engine.list({ limit: 9 })
  assert.deepEqual(items.map(({ state }) => state).sort(), ['cancelled', 'cancelled', 'queued'])
})

test('when the queue is full a tick waits for room, and others that fit go before', async () => {
  await using bench = await openScheduler({ maxQueued: 1 })
  const inTheWay = newJob(bench.clock.now(), { runAt: bench.clock.now() + 1e9 })
  await bench.engine.insert(inTheWay)
  await bench.keep({ cron: '@hourly' })
  await bench.pass(60 * MINUTE)
  await bench.pass(20_000, 5_000)
  assert.equal(bench.ticks().length, 0)
  assert.equal((bench.errors[0] as { code?: string }).code, 'QUEUE_FULL')
  await bench.jobs.cancel(inTheWay.id)
  await bench.pass(5_000)
  assert.deepEqual(bench.ticks(), ['2026-01-01T01:00'])
})

test("a tenant's full queue delays its own ticks and nobody else's", async () => {
  await using bench = await openScheduler({ maxQueuedOfTenant: 1 })
  await bench.engine.insert(newJob(bench.clock.now(), { tenant: 'acme' }))
  for (let n = 0; n < 120; n++) await bench.keep({ overlap: 'allow' }, { name: `s${n}`, tenant: 'acme' })
  await bench.keep({ overlap: 'allow' }, { name: 'soon', tenant: 'zeta' })
  await bench.keep({ overlap: 'allow', cron: '2 1 * * * *' }, { name: 'later' })
  await bench.pass(MINUTE)
  assert.deepEqual(
    bench.told.map(({ name }) => name),
    ['soon'],
  )
  assert.match(String(bench.errors), /^LongshoreError: 1 jobs of tenant acme/)
  await bench.pass(2_000, 1_000)
  assert.deepEqual(
    bench.told.map(({ name }) => name),
    ['soon', 'later'],
  )
  assert.equal(bench.errors.length, 1, 'what finds no room is not tried again at each tick of others')
  const [inTheWay] = (await bench.engine.list({ limit: 9, tenant: 'acme' })).items
  await bench.jobs.cancel(inTheWay?.id ?? '')
  await bench.pass(3_000)
  assert.deepEqual(
    bench.told.map(({ name }) => name),
    ['soon', 'later', 's0'],
  )
})

test('ticks to catch up on fire one after the other when there is no room for all', async () => {
  await using bench = await openScheduler({ maxQueued: 2 })
  await bench.keep({ misfire: 'catch_up', catchUpLimit: 4, overlap: 'allow' })
  await bench.away(4.5 * MINUTE)
  assert.deepEqual(bench.ticks(), ['2026-01-01T00:01', '2026-01-01T00:02'])
  for (const { id } of (await bench.engine.list({ limit: 9 })).items) await bench.jobs.cancel(id)
  await bench.pass(5_000)
  assert.deepEqual(bench.ticks().slice(2), ['2026-01-01T00:03', '2026-01-01T00:04'])
})

test('a thousand schedules of one second fire all, once each', async () => {
  await using bench = await openScheduler()
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => bench.keep({}, { name: `s${n}` })))
  await bench.pass(MINUTE)
  while (bench.told.length < 1_000) await bench.settled()
  assert.equal(new Set(bench.told.map(({ name }) => name)).size, 1_000)
  assert.equal((await bench.engine.counts()).states.queued, 1_000)
  assert.deepEqual(bench.errors, [])
})

test('a schedule that is broken keeps no other from firing', async () => {
  await using bench = await openScheduler()
  const nextTick = bench.clock.now() + MINUTE
  await bench.keep({}, { name: 'good' })
  await bench.engine.schedules.create(
    newSchedule(bench.clock.now(), { name: 'bad', nextTick }, { timezone: 'No/Where' }),
  )
  await bench.pass(MINUTE)
  assert.deepEqual(bench.told.map(({ name, fired }) => [name, fired.length]).sort(), [
    ['bad', 0],
    ['good', 1],
  ])
})

test('of two that fire the same schedules one does', async () => {
  await using bench = await openScheduler()
  const { engine, clock, jobs } = bench
  const second = new Scheduler({
    records: engine.schedules,
    jobs,
    clock,
    makeJob: ({ name }, tick) => newJob(clock.now(), { schedule: { name, tick } }),
    told: ({ name }, outcome) => bench.told.push({ name, ...outcome }),
    waits: (_, why) => bench.errors.push(why),
    onError: (thrown) => bench.errors.push(thrown),
  })
  await second.start()
  for (let n = 0; n < 20; n++) await bench.keep({ overlap: 'allow' }, { name: `s${n}` })
  await bench.pass(3 * MINUTE, MINUTE)
  await second.stop()
  assert.equal((await engine.counts()).states.queued, 60)
  assert.equal(bench.ticks().length, 60)
})
