import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { timetableFaults } from '../../src/schedule/check-timetable.ts'
import { Timetable } from '../../src/schedule/timetable.ts'

const at = (text: string): number => Date.parse(text)
const iso = (ticks: readonly number[]): string[] => ticks.map((tick) => new Date(tick).toISOString().slice(0, 16))

function nextOnes(cron: string, timezone: string, after: string, count: number): string[] {
  return iso(new Timetable({ cron, timezone }).nextOnes(count, at(after)))
}

describe('where clocks go forward', () => {
  test('a time that is left out comes at the end of the gap', () => {
    assert.deepEqual(nextOnes('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00Z', 3), [
      '2026-03-28T01:30',
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ])
  })

  test('a gap at midnight does not lose the day', () => {
    assert.deepEqual(nextOnes('0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00Z', 2), [
      '2018-11-04T03:00',
      '2018-11-05T02:00',
    ])
  })

  test('a step goes on by elapsed time', () => {
    assert.deepEqual(nextOnes('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:15Z', 3), [
      '2026-03-29T00:30',
      '2026-03-29T01:00',
      '2026-03-29T01:30',
    ])
  })
})

describe('where clocks go back', () => {
  test('a time that comes twice fires at the first', () => {
    assert.deepEqual(nextOnes('30 2 * * *', 'Europe/Berlin', '2026-10-24T00:00Z', 3), [
      '2026-10-24T00:30',
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ])
  })

  test('a step goes on by elapsed time', () => {
    assert.deepEqual(nextOnes('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:00Z', 4), [
      '2026-10-25T00:30',
      '2026-10-25T01:00',
      '2026-10-25T01:30',
      '2026-10-25T02:00',
    ])
  })

  test('half an hour, too', () => {
    assert.deepEqual(nextOnes('45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00Z', 2), [
      '2026-04-04T14:45',
      '2026-04-05T15:15',
    ])
  })
})

describe('of an expression', () => {
  test('names, ranges, steps, lists and nicknames are read', () => {
    assert.deepEqual(nextOnes('0 9-17/4 * jan,jul mon-fri', 'UTC', '2026-01-02T10:00Z', 3), [
      '2026-01-02T13:00',
      '2026-01-02T17:00',
      '2026-01-05T09:00',
    ])
    assert.deepEqual(nextOnes('@weekly', 'UTC', '2026-01-01T00:00Z', 1), ['2026-01-04T00:00'])
    assert.deepEqual(nextOnes('0 0 * * 7', 'UTC', '2026-01-01T00:00Z', 1), ['2026-01-04T00:00'])
  })

  test('a day of the month or a day of the week is enough, where both are named', () => {
    assert.deepEqual(nextOnes('0 0 13 * fri', 'UTC', '2026-01-09T12:00Z', 2), ['2026-01-13T00:00', '2026-01-16T00:00'])
  })

  test('the newest ticks include that of the instant itself', () => {
    const hourly = new Timetable({ cron: '@hourly', timezone: 'UTC' })
    assert.deepEqual(iso(hourly.newest(2, at('2026-01-01T05:00Z'))), ['2026-01-01T04:00', '2026-01-01T05:00'])
    assert.deepEqual(iso(hourly.newest(1, at('2026-01-01T05:00Z') - 1)), ['2026-01-01T04:00'])
  })
})

const faultsOf = (cron: string, timezone = 'UTC', minIntervalMs = 60_000) =>
  timetableFaults({ cron, timezone }, minIntervalMs, at('2026-01-01T00:00Z')).map(
    ({ pointer, message }) => `${pointer}: ${message}`,
  )

describe('what cannot be kept is refused with', () => {
  const cases: [string, RegExp][] = [
    ['61 * * * *', /^\/cron: the minute \(field 1 of 5\) cannot be "61"; expected 0-59/],
    ['* 7-25 * * *', /the hour \(field 2 of 5\) cannot be "7-25"/],
    ['* * * * funday', /the day of week \(field 5 of 5\) cannot be "funday"; expected 0-7 or sun-sat/],
    ['*/0 * * * *', /the minute \(field 1 of 5\) cannot be "\*\/0"/],
    ['* * *', /expected five fields \(minute, hour, .*\), got 3; for example "30 2 \* \* mon-fri"/],
    ['', /expected five fields .* got none/],
    ['2026-01-01T00:00:00', /expected five fields .* got 1/],
    ['@reboot', /"@reboot" is not known; expected @hourly/],
    ['0 0 31 2 *', /"0 0 31 2 \*" never comes/],
    ['*/10 * * * * *', /comes every 10 s; the least interval is 60 s \(MIN_SCHEDULE_INTERVAL_SECONDS\)/],
  ]
  for (const [cron, expected] of cases) {
    test(`the place and what was expected: ${JSON.stringify(cron)}`, () => {
      const faults = faultsOf(cron)
      assert.equal(faults.length, 1)
      assert.match(faults[0] ?? '', expected)
    })
  }

  test('the time zone, and both faults at once', () => {
    assert.match(faultsOf('* * * * *', 'Europe/Berlinn')[0] ?? '', /^\/timezone: "Europe\/Berlinn" is no time zone/)
    assert.match(faultsOf('* * * * *', '+02:00')[0] ?? '', /^\/timezone/)
    assert.equal(faultsOf('x * * * *', 'nowhere').length, 2)
  })
})

// A year's ticks by brute force: every minute of the year is asked for its fields in the zone.

interface Minute {
  at: number
  minute: number
  hour: number
  day: number
  month: number
  weekday: number
}

const YEAR = at('2026-01-01T00:00Z')
const MINUTES = 366 * 1440

/** Of every minute of the year, its fields on the clocks of a zone; by whole quarters of an hour, in which no zone changes. */
function yearIn(timezone: string): Minute[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    minute: 'numeric',
    hour: 'numeric',
    day: 'numeric',
    month: 'numeric',
    weekday: 'short',
  })
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
  return Array.from({ length: MINUTES / 15 }, (_, i) => YEAR + i * 900_000).flatMap((quarter) => {
    const parts = Object.fromEntries(format.formatToParts(quarter).map(({ type, value }) => [type, value]))
    const [minute, hour, day, month] = [parts.minute, parts.hour, parts.day, parts.month].map(Number) as [
      number,
      number,
      number,
      number,
    ]
    const weekday = days.indexOf(parts.weekday ?? '')
    return Array.from({ length: 15 }, (_, m) => ({
      at: quarter + m * 60_000,
      minute: minute + m,
      hour,
      day,
      month,
      weekday,
    }))
  })
}

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Africa/Casablanca']
const years = new Map(ZONES.map((zone) => [zone, yearIn(zone)]))

/** A field as text, and what it stands for. */
interface Field {
  text: string
  has(value: number): boolean
}

const star: Field = { text: '*', has: () => true }

function field(from: number, to: number): fc.Arbitrary<Field> {
  const value = fc.integer({ min: from, max: to })
  const list = fc
    .uniqueArray(value, { minLength: 1, maxLength: 3 })
    .map((values) => ({ text: values.join(','), has: (each: number) => values.includes(each) }))
  const range = fc.tuple(value, value).map(([a, b]) => {
    const [low, high] = a < b ? [a, b] : [b, a]
    return { text: `${low}-${high}`, has: (each: number) => each >= low && each <= high }
  })
  const step = fc.integer({ min: 2, max: Math.max(2, Math.floor((to - from) / 2)) }).map((by) => ({
    text: `*/${by}`,
    has: (each: number) => (each - from) % by === 0,
  }))
  return fc.oneof(fc.constant(star), list, range, step)
}

/** Minutes of the year at which the wall clock shows a time of the expression. */
function matching(year: readonly Minute[], [minute, hour, day, month, weekday]: readonly Field[]): Minute[] {
  const byDay = (at: Minute): boolean => {
    const isDay = day?.has(at.day) ?? false
    const isWeekday = weekday?.has(at.weekday) ?? false
    return day?.text === '*' || weekday?.text === '*' ? isDay && isWeekday : isDay || isWeekday
  }
  return year.filter((at) => minute?.has(at.minute) && hour?.has(at.hour) && month?.has(at.month) && byDay(at))
}

test('a year of ticks is what brute force finds, where no clock is changed and where it goes on by elapsed time', () => {
  const fields = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
  const withClocks = fc.constantFrom(...ZONES)
  fc.assert(
    fc.property(fields, withClocks, (all, timezone) => {
      const goesOn = /[*]/.test(`${all[0].text} ${all[1].text}`)
      const zone = goesOn ? timezone : timezone === 'Asia/Kolkata' ? timezone : 'UTC'
      // A step of days counts as a day that is named, in croner as in cron.
      fc.pre(![all[2], all[4]].some(({ text }) => text.startsWith('*/')))
      const expected = matching(years.get(zone) ?? [], all).map(({ at }) => at)
      const timetable = new Timetable({ cron: all.map(({ text }) => text).join(' '), timezone: zone })
      const some = expected.slice(0, 300)
      const found = timetable.nextOnes(some.length, YEAR - 1)
      assert.deepEqual(found, some)
      const middle = expected[Math.floor(expected.length / 2)]
      if (middle === undefined) return
      assert.equal(timetable.next(middle - 1), middle)
      assert.deepEqual(timetable.newest(1, middle + 1), [middle])
      const last = expected.slice(-20)
      assert.deepEqual(timetable.newest(last.length, YEAR + MINUTES * 60_000 - 1), last)
    }),
    { numRuns: 100 },
  )
})

test('a fixed time comes once on each of its days of a year, whatever the clocks do', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 23 }),
      fc.constantFrom(...ZONES),
      (minute, hour, timezone) => {
        const timetable = new Timetable({ cron: `${minute} ${hour} * * *`, timezone })
        const ticks = timetable.nextOnes(365, YEAR + 86_400_000)
        const day = new Intl.DateTimeFormat('en-CA', { timeZone: timezone })
        const days = new Set(ticks.map((tick) => day.format(tick)))
        assert.equal(days.size, 365)
      },
    ),
    { numRuns: 60 },
  )
})
