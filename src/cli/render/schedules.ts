import type { Schedule } from '@longshore/client'
import type { Paint } from '../output.ts'
import type { Canvas } from './job-table.ts'
import { showInstant } from './quantities.ts'
import { safeJson, safeText } from './safe-text.ts'
import { type Column, renderTable } from './table.ts'

/** Schedules as a table. The name is never cut: it is what the other commands take. */
export function renderSchedules(schedules: readonly Schedule[], { width, nowMs, paint }: Canvas): string {
  const isOfTenants = schedules.some(({ tenant }) => tenant !== null)
  const columns: Column<Schedule>[] = [
    { head: 'SCHEDULE', cell: ({ name }) => safeText(name) },
    ...(isOfTenants ? [{ head: 'TENANT', cell: ({ tenant }: Schedule) => safeText(tenant ?? '') }] : []),
    { head: 'CRON', cell: ({ cron }) => safeText(cron) },
    { head: 'ZONE', cell: ({ timezone }) => safeText(timezone), fromWidth: 100 },
    { head: 'NEXT', cell: (schedule) => nextOf(schedule, nowMs, paint) },
    {
      head: 'LAST',
      cell: ({ last_fire }) => (last_fire === null ? '' : (last_fire.status ?? 'deleted')),
      fromWidth: 80,
    },
    { head: 'FIRED', cell: ({ counts }) => String(counts.fired), align: 'right', fromWidth: 100 },
    { head: 'MISSED', cell: ({ counts }) => String(counts.missed + counts.skipped), align: 'right', fromWidth: 120 },
  ]
  return renderTable(columns, schedules, { width, paint })
}

/** One schedule in all detail. What does not apply is left out. */
export function renderSchedule(schedule: Schedule, { nowMs, paint }: Omit<Canvas, 'width'>): string {
  const { name, cron, timezone, misfire, overlap, paused_at, next_ticks, last_fire, last_skip, counts } = schedule
  const at = (instant: string): string => showInstant(instant, nowMs)
  const rows: [string, string | null][] = [
    ['schedule', safeText(name)],
    ['tenant', schedule.tenant === null ? null : safeText(schedule.tenant)],
    ['cron', safeText(`${cron}  ${timezone}`)],
    ['paused', paused_at === null ? null : at(paused_at)],
    ['next', next_ticks.length === 0 ? null : next_ticks.map(at).join(', ')],
    ['last fire', last_fire && safeText(`${at(last_fire.at)}  ${last_fire.job_id} ${last_fire.status ?? 'deleted'}`)],
    ['last skip', last_skip && safeText(`${at(last_skip.tick)}  ${last_skip.message}`)],
    ['ticks', `${counts.fired} fired, ${counts.missed} missed, ${counts.skipped} skipped`],
    ['misfire', misfireOf(misfire, schedule)],
    ['overlap', overlap],
  ]
  const lines = rows.flatMap(([word, value]) => (value === null ? [] : `${paint('dim', word.padEnd(10))} ${value}`))
  const job = safeJson(schedule.job, 2).replaceAll('\n', '\n  ')
  return [...lines, '', paint('dim', 'job'), `  ${job}`].join('\n')
}

function nextOf({ paused_at, next_ticks }: Schedule, nowMs: number, paint: Paint): string {
  const [next] = next_ticks
  if (paused_at !== null) return paint('yellow', 'paused')
  return next === undefined ? 'never' : showInstant(next, nowMs)
}

function misfireOf(misfire: Schedule['misfire'], { catch_up_limit, grace_seconds }: Schedule): string {
  if (misfire === 'catch_up') return `catch_up, at most ${catch_up_limit}`
  return misfire === 'skip' ? `skip, after ${grace_seconds} s` : misfire
}
