import { type Fault, messageOf } from '../base/errors.ts'
import { openCron, Timetable, type TimetableSetting } from './timetable.ts'

/** The fields of an expression, in order; the first may be left out. */
const FIELDS = [
  { name: 'second', expected: '0-59' },
  { name: 'minute', expected: '0-59' },
  { name: 'hour', expected: '0-23' },
  { name: 'day of month', expected: '1-31 or L, the last' },
  { name: 'month', expected: '1-12 or jan-dec' },
  { name: 'day of week', expected: '0-7 or sun-sat, both 0 and 7 being Sunday' },
] as const

const NICKNAME = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/i

const EXAMPLE = 'for example "30 2 * * mon-fri" (02:30 on weekdays), "*/15 * * * *" (every 15 minutes) or "@daily"'

/** So many ticks are looked at for the shortest time between two: more than a day of an expression that names its minutes. */
const LOOKED_AT = 64

/**
 * What is wrong with a timetable, with JSON pointers to `/cron` and `/timezone`; nothing when it can be kept.
 *
 * @param minIntervalMs least time between two ticks
 */
export function timetableFaults({ cron, timezone }: TimetableSetting, minIntervalMs: number, now: number): Fault[] {
  const faults = [...cronFaults(cron), ...timezoneFaults(timezone)]
  if (faults.length > 0) return faults
  const ticks = new Timetable({ cron, timezone }).nextOnes(LOOKED_AT, now)
  if (ticks.length === 0) return [cronFault(`${JSON.stringify(cron)} never comes: its days are in no calendar`)]
  const shortest = Math.min(...ticks.slice(1).map((tick, i) => tick - (ticks[i] ?? 0)))
  if (shortest >= minIntervalMs) return []
  const limit = `${minIntervalMs / 1000} s (MIN_SCHEDULE_INTERVAL_SECONDS)`
  return [cronFault(`${JSON.stringify(cron)} comes every ${shortest / 1000} s; the least interval is ${limit}`)]
}

function cronFaults(cron: string): Fault[] {
  const text = cron.trim()
  if (text.startsWith('@')) {
    if (NICKNAME.test(text)) return []
    return [
      cronFault(
        `${JSON.stringify(text)} is not known; expected @hourly, @daily, @weekly, @monthly or @yearly, or five fields`,
      ),
    ]
  }
  const fields = text.split(/\s+/)
  if (fields.length !== 5 && fields.length !== 6) {
    const order = 'minute, hour, day of month, month, day of week; a sixth before them counts seconds'
    const count = text === '' ? 'none' : `${fields.length}`
    return [cronFault(`expected five fields (${order}), got ${count}; ${EXAMPLE}`)]
  }
  const named = FIELDS.slice(FIELDS.length - fields.length)
  const faults = named.flatMap((field, i) => fieldFaults(field, fields[i] ?? '', i, fields.length))
  return faults.length > 0 ? faults : wholeFaults(text)
}

/** Each field alone, so that the one at fault can be named. */
function fieldFaults(field: (typeof FIELDS)[number], value: string, place: number, count: number): Fault[] {
  const alone = Array.from({ length: count }, (_, i) => (i === place ? value : '*')).join(' ')
  if (thrownBy(() => openCron(alone, 'UTC')) === undefined) return []
  const where = `the ${field.name} (field ${place + 1} of ${count})`
  return [
    cronFault(
      `${where} cannot be ${JSON.stringify(value)}; expected ${field.expected}, *, a range a-b, a list a,b or a step */n; ${EXAMPLE}`,
    ),
  ]
}

function wholeFaults(text: string): Fault[] {
  const thrown = thrownBy(() => openCron(text, 'UTC'))
  return thrown === undefined ? [] : [cronFault(`${messageOf(thrown)}; ${EXAMPLE}`)]
}

function cronFault(message: string): Fault {
  return { pointer: '/cron', message }
}

function timezoneFaults(timezone: string): Fault[] {
  const isOffset = /^[+-]/.test(timezone)
  if (!isOffset && thrownBy(() => new Intl.DateTimeFormat('en', { timeZone: timezone })) === undefined) return []
  const message = `${JSON.stringify(timezone)} is no time zone; expected an IANA name, for example Europe/Berlin, America/New_York or UTC`
  return [{ pointer: '/timezone', message }]
}

function thrownBy(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (thrown) {
    return thrown
  }
}
