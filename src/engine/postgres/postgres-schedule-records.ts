import type { DueNews } from '../due-news.ts'
import { integer, integerOrNull } from '../record/columns.ts'
import { tooManySchedules, tooManyTenantSchedules } from '../record/refusals.ts'
import { readSchedule, SCHEDULE_COLUMNS, schedulePage, scheduleRow, scheduleStart } from '../record/schedule-row.ts'
import type {
  RoomOf,
  Schedule,
  ScheduleChange,
  ScheduleLimits,
  ScheduleQuery,
  ScheduleRecords,
} from '../schedule-records.ts'
import { type Run, storable } from './database.ts'
import type { EngineParts } from './engine-parts.ts'
import { NO_LIMITS } from './job-inserts.ts'

/** Only those that create count what is there: two at once must not pass the limit together. */
const CREATING_LOCK = 0x4c53_4353

const TYPES =
  'place integer, id text, tenant text, name text, revision integer, created_at bigint, updated_at bigint, next_tick bigint, definition text, state text'

type Tenants = readonly (string | null)[]

/** Schedules in the schema of the jobs. */
export class PostgresScheduleRecords implements ScheduleRecords {
  readonly #opened: () => EngineParts
  readonly #news: DueNews

  /** @param news hears of next ticks, those too that other replicas wrote */
  constructor(opened: () => EngineParts, news: DueNews) {
    this.#opened = opened
    this.#news = news
  }

  async create(schedule: Schedule, limits?: ScheduleLimits): Promise<boolean> {
    const { db, news } = this.#opened()
    const { schema } = db
    const created = await db.transaction(async (run) => {
      if (limits) await refuseFull(run, schema, schedule, limits)
      const [row] = await run(
        `INSERT INTO ${schema}.schedules (${SCHEDULE_COLUMNS})
          SELECT ${SCHEDULE_COLUMNS} FROM json_to_record($1::json) AS x(${TYPES}) ON CONFLICT DO NOTHING RETURNING num`,
        [JSON.stringify(storableRow(schedule))],
      )
      if (row && schedule.nextTick !== null) await run(...news.noticeOfTick(schedule.nextTick))
      return row !== undefined
    })
    if (created && schedule.nextTick !== null) this.#news.tell(schedule.nextTick)
    return created
  }

  async get(tenant: string | null, name: string): Promise<Schedule | undefined> {
    return (await this.#select('tenant = $1 AND name = $2', [storable(tenant ?? ''), storable(name)]))[0]
  }

  async list(query: ScheduleQuery): Promise<{ items: Schedule[]; next: string | null }> {
    const { db } = this.#opened()
    const [name, tenant] = scheduleStart(query)
    const isOwn = query.tenant === undefined ? 'true' : 'tenant = $4'
    const own = query.tenant === undefined ? [] : [storable(query.tenant)]
    const rows = await db.query(
      `SELECT ${SCHEDULE_COLUMNS} FROM ${db.schema}.schedules WHERE (name, tenant) > ($1, $2) AND ${isOwn}
        ORDER BY name, tenant LIMIT $3`,
      [name, storable(tenant), query.limit + 1, ...own],
    )
    return schedulePage(rows, query.limit)
  }

  async change(changes: readonly ScheduleChange[], roomOf: RoomOf = () => NO_LIMITS): Promise<boolean[]> {
    const { db, inserts, news } = this.#opened()
    const { written, jobs } = await db.transaction(async (run) => {
      const written = await update(run, db.schema, changes)
      const asked = changes.flatMap(({ schedule, jobs }, place) => {
        const limits = roomOf(schedule.tenant)
        return written.has(place) ? jobs.map((job) => ({ job, limits })) : []
      })
      await inserts.insertWithin(run, asked)
      const nearer = changes.flatMap(({ schedule, jobs }) => (jobs.length === 0 ? (schedule.nextTick ?? []) : []))
      if (nearer.length > 0) await run(...news.noticeOfTick(Math.min(...nearer)))
      return { written, jobs: asked.map(({ job }) => job) }
    })
    inserts.committed(jobs)
    const ticks = changes.flatMap(({ schedule }, place) => (written.has(place) ? (schedule.nextTick ?? []) : []))
    if (ticks.length > 0) this.#news.tell(Math.min(...ticks))
    return changes.map((_, place) => written.has(place))
  }

  async delete(tenant: string | null, name: string): Promise<boolean> {
    const { db } = this.#opened()
    const gone = await db.query(`DELETE FROM ${db.schema}.schedules WHERE tenant = $1 AND name = $2 RETURNING num`, [
      storable(tenant ?? ''),
      storable(name),
    ])
    return gone.length > 0
  }

  due(now: number, limit: number, without: Tenants = []): Promise<Schedule[]> {
    const values = [now, storedTenants(without), limit]
    return this.#select('next_tick <= $1 AND tenant <> ALL($2) ORDER BY next_tick, num LIMIT $3', values)
  }

  async nextTick(without: Tenants = []): Promise<number | null> {
    const { db } = this.#opened()
    const [row = []] = await db.query(
      `SELECT min(next_tick) FROM ${db.schema}.schedules WHERE next_tick IS NOT NULL AND tenant <> ALL($1)`,
      [storedTenants(without)],
    )
    return integerOrNull(row, 0)
  }

  onDue(listener: (nextTick: number) => void): void {
    this.#news.listen(listener)
  }

  async #select(where: string, values: readonly unknown[]): Promise<Schedule[]> {
    const { db } = this.#opened()
    const rows = await db.query(`SELECT ${SCHEDULE_COLUMNS} FROM ${db.schema}.schedules WHERE ${where}`, values)
    return rows.map(readSchedule)
  }
}

/** Throws when it is a new one too many. */
async function refuseFull(
  run: Run,
  schema: string,
  { tenant, name }: Schedule,
  { max, maxOfTenant = max }: ScheduleLimits,
): Promise<void> {
  await run(`SELECT pg_advisory_xact_lock(${CREATING_LOCK}, hashtext('${schema}'))`)
  const [row] = await run(
    `SELECT count(*), count(*) FILTER (WHERE tenant = $1), count(*) FILTER (WHERE tenant = $1 AND name = $2)
      FROM ${schema}.schedules`,
    [storable(tenant ?? ''), storable(name)],
  )
  const [all, ofTenant, namesakes] = [integer(row, 0), integer(row, 1), integer(row, 2)]
  if (namesakes > 0) return
  if (all >= max) throw tooManySchedules(max)
  if (tenant !== null && ofTenant >= maxOfTenant) throw tooManyTenantSchedules(tenant, maxOfTenant)
}

/** Locks the rows in one order, so that replicas which fire the same ones wait for each other once; answers which it wrote. */
async function update(run: Run, schema: string, changes: readonly ScheduleChange[]): Promise<Set<number>> {
  const rows = changes.map(({ schedule }, place) => ({ place, ...storableRow(schedule) }))
  await run(`SELECT num FROM ${schema}.schedules WHERE id = ANY($1) ORDER BY num FOR UPDATE`, [
    rows.map(({ id }) => id),
  ])
  const written = await run(
    `UPDATE ${schema}.schedules s SET revision = s.revision + 1, updated_at = x.updated_at, next_tick = x.next_tick,
      definition = x.definition, state = x.state
      FROM json_to_recordset($1::json) AS x(${TYPES}) WHERE s.id = x.id AND s.revision = x.revision RETURNING x.place`,
    [JSON.stringify(rows)],
  )
  return new Set(written.map((row) => integer(row, 0)))
}

function storableRow(schedule: Schedule) {
  const row = scheduleRow(schedule)
  const { tenant, name, definition, state } = row
  return {
    ...row,
    tenant: storable(tenant),
    name: storable(name),
    definition: storable(definition),
    state: storable(state),
  }
}

function storedTenants(tenants: Tenants): string[] {
  return tenants.map((tenant) => storable(tenant ?? ''))
}
