import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LongshoreError } from '../../src/base/errors.ts'
import type { Schedule, ScheduleDefinition } from '../../src/engine/schedule-records.ts'
import { decide, giveUp } from '../../src/schedule/decide.ts'
import { dueTicks, MOST_COUNTED } from '../../src/schedule/due-ticks.ts'
import { newJob } from '../support/new-job.ts'
import { newSchedule } from '../support/new-schedule.ts'

const START = Date.UTC(2026, 0, 1)
const MINUTE = 60_000

const due = (definition: Partial<ScheduleDefinition>, lateMs: number) =>
  dueTicks(newSchedule(START, {}, definition), START + MINUTE + lateMs)

const minutes = (...ticks: number[]): number[] => ticks.map((tick) => START + tick * MINUTE)

const makeJob = (_schedule: Schedule, tick: number) => newJob(tick)

describe('of the ticks that have come', () => {
  test('one on time fires, whatever the policy', () => {
    for (const misfire of ['skip', 'once', 'catch_up'] as const) {
      assert.deepEqual(due({ misfire }, 5), {
        fire: minutes(1),
        missed: 0,
        lastMissed: null,
        nextTick: START + 2 * MINUTE,
      })
    }
  })

  test('`once` fires the newest, however late, and misses the others', () => {
    const [fire, lastMissed] = [minutes(11), START + 10 * MINUTE]
    assert.deepEqual(due({ misfire: 'once' }, 10.5 * MINUTE), {
      fire,
      missed: 10,
      lastMissed,
      nextTick: START + 12 * MINUTE,
    })
  })

  test('`skip` fires the newest within its grace only', () => {
    const definition = { misfire: 'skip', cron: '@hourly', graceMs: MINUTE } as const
    assert.deepEqual(due(definition, 61 * MINUTE).fire, minutes(60).slice(1), 'an hour and a minute late')
    assert.equal(due(definition, 61 * MINUTE).missed, 2)
    assert.deepEqual(due(definition, 59.5 * MINUTE).fire, minutes(60))
  })

  test('`catch_up` fires the newest few, oldest first', () => {
    const { fire, missed } = due({ misfire: 'catch_up', catchUpLimit: 3 }, 10 * MINUTE)
    assert.deepEqual([fire, missed], [minutes(9, 10, 11), 8])
  })

  test('after a year away the newest fires, and no more are counted than take 5 ms', () => {
    const { fire, missed, lastMissed, nextTick } = due({ misfire: 'catch_up', catchUpLimit: 2 }, 525_600 * MINUTE)
    assert.deepEqual(fire, minutes(525_600, 525_601))
    assert.deepEqual([missed, lastMissed], [MOST_COUNTED, START + 525_599 * MINUTE])
    assert.equal(nextTick, START + 525_602 * MINUTE)
  })

  test('none is lost and none comes twice, however often and however late somebody looks', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 90 * 60 }), { minLength: 1, maxLength: 40 })
    const crons = fc.constantFrom('* * * * *', '*/7 * * * *', '30 2 * * *', '0 1,2,3 * * sun')
    fc.assert(
      fc.property(gaps, crons, fc.constantFrom('UTC', 'Europe/Berlin'), (seconds, cron, timezone) => {
        let now = Date.parse('2026-03-28T22:00Z')
        let schedule = newSchedule(
          now,
          {},
          { cron, timezone, misfire: 'catch_up', catchUpLimit: 100, overlap: 'allow' },
        )
        schedule = { ...schedule, nextTick: dueTicks({ ...schedule, nextTick: null }, now).nextTick }
        const expected = [...ticksBetween(schedule, now, now + seconds.reduce((sum, each) => sum + each, 0) * 1000)]
        const fired: number[] = []
        for (const each of seconds) {
          now += each * 1000
          if ((schedule.nextTick ?? now) > now) continue
          const decision = decide(schedule, { now, open: [], makeJob })
          fired.push(...decision.fired.map(({ tick }) => tick ?? 0))
          assert.ok((decision.change.schedule.nextTick ?? 0) > now)
          schedule = decision.change.schedule
        }
        assert.deepEqual(fired, expected)
      }),
      { numRuns: 60 },
    )
  })
})

function* ticksBetween(schedule: Schedule, from: number, to: number): Generator<number> {
  let tick = dueTicks({ ...schedule, nextTick: null }, from).nextTick
  while (tick !== null && tick <= to) {
    yield tick
    tick = dueTicks({ ...schedule, nextTick: null }, tick).nextTick
  }
}

describe('while a job of the schedule has not ended', () => {
  const decideWith = (overlap: ScheduleDefinition['overlap']) =>
    decide(newSchedule(START, { openJobs: ['old'] }, { overlap }), { now: START + MINUTE, open: ['old'], makeJob })

  test('`skip` skips the tick and says for which job', () => {
    const { change, fired, skipped } = decideWith('skip')
    assert.deepEqual([change.jobs, fired, change.schedule.openJobs], [[], [], ['old']])
    assert.deepEqual(skipped, [
      { reason: 'overlap', tick: START + MINUTE, count: 1, message: 'Job old had not ended.' },
    ])
    assert.deepEqual(change.schedule.counts, { fired: 0, missed: 0, skipped: 1 })
    assert.equal(change.schedule.lastSkip?.reason, 'overlap')
  })

  test('`replace` fires and has the old one cancelled, which stays open until it has ended', () => {
    const { change, fired, replaced } = decideWith('replace')
    assert.deepEqual(replaced, ['old'])
    assert.deepEqual(change.schedule.openJobs, ['old', fired[0]?.jobId])
  })

  test('`allow` fires beside it and remembers none', () => {
    const { change, fired, replaced } = decideWith('allow')
    assert.equal(fired.length, 1)
    assert.deepEqual([replaced, change.schedule.openJobs], [[], []])
  })
})

test('ticks for which no more jobs may be made stay due, the oldest fires first', () => {
  const schedule = newSchedule(START, {}, { misfire: 'catch_up', catchUpLimit: 3, overlap: 'allow' })
  const now = START + 5.5 * MINUTE
  const first = decide(schedule, { now, open: [], makeJob, most: 1 })
  assert.deepEqual([first.fired[0]?.tick, first.change.jobs.length], [START + 3 * MINUTE, 1])
  assert.equal(first.change.schedule.nextTick, START + 4 * MINUTE)
  const rest = decide(first.change.schedule, { now, open: [], makeJob })
  assert.deepEqual(
    rest.fired.map(({ tick }) => tick),
    minutes(4, 5),
  )
  assert.deepEqual(rest.change.schedule.counts, { fired: 3, missed: 2, skipped: 0 })
})

test('a job that is refused makes the tick a skipped one, with the reason, and the schedule goes on', () => {
  const refuse = () => {
    throw new LongshoreError('PARAMETERS_INVALID', 'threshold: expected a number')
  }
  const { change, skipped } = decide(newSchedule(START), { now: START + MINUTE, open: [], makeJob: refuse })
  assert.equal(skipped[0]?.message, 'PARAMETERS_INVALID: threshold: expected a number')
  assert.deepEqual([change.jobs.length, change.schedule.nextTick], [0, START + 2 * MINUTE])
})

test('a schedule whose ticks cannot be told is put off, so that it keeps no other from firing', () => {
  const { change, skipped } = giveUp(newSchedule(START), START + MINUTE, new Error('no such zone'))
  assert.ok((change.schedule.nextTick ?? 0) > START + MINUTE)
  assert.deepEqual([skipped[0]?.reason, skipped[0]?.message], ['refused', 'no such zone'])
})
