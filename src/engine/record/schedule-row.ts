import { LongshoreError } from '../../base/errors.ts'
import type { Schedule, ScheduleQuery } from '../schedule-records.ts'
import { integer, integerOrNull, type Row, text } from './columns.ts'

/** The columns of {@link readSchedule}, in its order. */
export const SCHEDULE_COLUMNS = 'id, tenant, name, revision, created_at, updated_at, next_tick, definition, state'

/** What has no column of its own. */
type State = Pick<Schedule, 'pausedAt' | 'lastFire' | 'lastSkip' | 'counts' | 'openJobs'>

/** What is stored of a schedule, by the names of the columns; '' is the tenant of those that have none. */
export function scheduleRow(schedule: Schedule) {
  const { pausedAt, lastFire, lastSkip, counts, openJobs } = schedule
  const state: State = { pausedAt, lastFire, lastSkip, counts, openJobs }
  return {
    id: schedule.id,
    tenant: schedule.tenant ?? '',
    name: schedule.name,
    revision: schedule.revision,
    created_at: schedule.createdAt,
    updated_at: schedule.updatedAt,
    next_tick: schedule.nextTick,
    definition: JSON.stringify(schedule.definition),
    state: JSON.stringify(state),
  }
}

/** Reads a row of {@link SCHEDULE_COLUMNS}. */
export function readSchedule(row: Row): Schedule {
  const state: State = JSON.parse(text(row, 8))
  return {
    id: text(row, 0),
    tenant: text(row, 1) || null,
    name: text(row, 2),
    revision: integer(row, 3),
    createdAt: integer(row, 4),
    updatedAt: integer(row, 5),
    nextTick: integerOrNull(row, 6),
    definition: JSON.parse(text(row, 7)),
    ...state,
  }
}

/** Where a listing goes on: after this name, and of several tenants' after this tenant's. */
export function scheduleStart({ cursor }: ScheduleQuery): [name: string, tenant: string] {
  if (cursor === undefined) return ['', '']
  const [, name, tenant = ''] = /^([\w.-]+)(?:,([^,]*))?$/.exec(cursor) ?? []
  if (name === undefined) throw new LongshoreError('VALIDATION_FAILED', 'cursor is not one that a listing gave.')
  return [name, tenant]
}

/** One page of the rows that were asked for with one more than its limit. */
export function schedulePage(rows: readonly Row[], limit: number): { items: Schedule[]; next: string | null } {
  const items = rows.slice(0, limit).map(readSchedule)
  const last = items.at(-1)
  if (last === undefined || rows.length <= limit) return { items, next: null }
  return { items, next: last.tenant === null ? last.name : `${last.name},${last.tenant}` }
}
