import type { DatabaseSync } from 'node:sqlite'
import { integer, integerOrNull } from '../record/columns.ts'
import { readSchedule, SCHEDULE_COLUMNS, schedulePage, scheduleRow, scheduleStart } from '../record/schedule-row.ts'
import type { Schedule, ScheduleQuery } from '../schedule-records.ts'
import { Query } from './database.ts'

type Tenants = readonly (string | null)[]

/** The rows of schedules. */
export class ScheduleTable {
  readonly #insert: Query
  readonly #update: Query
  readonly #delete: Query
  readonly #get: Query
  readonly #count: Query
  readonly #all: Query
  readonly #ofTenant: Query
  readonly #due: Query
  readonly #next: Query

  constructor(db: DatabaseSync) {
    const select = `SELECT ${SCHEDULE_COLUMNS} FROM schedules`
    this.#insert = new Query(
      db,
      `INSERT OR IGNORE INTO schedules (${SCHEDULE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#update = new Query(
      db,
      `UPDATE schedules SET revision = revision + 1, updated_at = ?, next_tick = ?, definition = ?, state = ?
        WHERE id = ? AND revision = ?`,
    )
    this.#delete = new Query(db, 'DELETE FROM schedules WHERE tenant = ? AND name = ?')
    this.#get = new Query(db, `${select} WHERE tenant = ? AND name = ?`)
    this.#count = new Query(db, 'SELECT count(*), count(*) FILTER (WHERE tenant = ?) FROM schedules')
    this.#all = new Query(db, `${select} WHERE (name, tenant) > (?, ?) ORDER BY name, tenant LIMIT ?`)
    this.#ofTenant = new Query(db, `${select} WHERE tenant = ? AND name > ? ORDER BY name LIMIT ?`)
    const due =
      'INDEXED BY schedules_due WHERE next_tick IS NOT NULL AND tenant NOT IN (SELECT value FROM json_each(?))'
    this.#due = new Query(db, `${select} ${due} AND next_tick <= ? ORDER BY next_tick, num LIMIT ?`)
    this.#next = new Query(db, `SELECT next_tick FROM schedules ${due} ORDER BY next_tick LIMIT 1`)
  }

  /** False when the tenant has one of that name. */
  insert(schedule: Schedule): boolean {
    return this.#insert.run(...Object.values(scheduleRow(schedule))).changes > 0
  }

  /** False unless the row is still at the schedule's revision. */
  update(schedule: Schedule): boolean {
    const { updated_at, next_tick, definition, state, id, revision } = scheduleRow(schedule)
    return this.#update.run(updated_at, next_tick, definition, state, id, revision).changes > 0
  }

  delete(tenant: string | null, name: string): boolean {
    return this.#delete.run(tenant ?? '', name).changes > 0
  }

  get(tenant: string | null, name: string): Schedule | undefined {
    const row = this.#get.get(tenant ?? '', name)
    return row && readSchedule(row)
  }

  /** How many there are, and how many of them are this tenant's. */
  count(tenant: string | null): { all: number; ofTenant: number } {
    const row = this.#count.get(tenant ?? '')
    return { all: integer(row, 0), ofTenant: integer(row, 1) }
  }

  list(query: ScheduleQuery): { items: Schedule[]; next: string | null } {
    const [name, tenant] = scheduleStart(query)
    const count = query.limit + 1
    const rows =
      query.tenant === undefined ? this.#all.all(name, tenant, count) : this.#ofTenant.all(query.tenant, name, count)
    return schedulePage(rows, query.limit)
  }

  due(now: number, limit: number, without: Tenants): Schedule[] {
    return this.#due.all(storedTenants(without), now, limit).map(readSchedule)
  }

  nextTick(without: Tenants): number | null {
    return integerOrNull(this.#next.get(storedTenants(without)) ?? [null], 0)
  }
}

function storedTenants(tenants: Tenants): string {
  return JSON.stringify(tenants.map((tenant) => tenant ?? ''))
}
