import type { Job, JobState } from '../../job/job.ts'
import type { JobFilter, TenantCounts } from '../activity.ts'
import type { JobQuery, Page } from '../job-engine.ts'
import { integer, integerOrNull, type Row, text } from '../record/columns.ts'
import {
  CANDIDATE_COLUMNS,
  type Candidate,
  cursorOf,
  isWanted,
  LONG_COLUMNS,
  moreThan,
  PAGE_BYTES,
  type Position,
  readCandidate,
  readCursor,
  SCAN_PAGE,
  startOf,
} from '../record/job-choice.ts'
import { PHASE, phasesOf, stateOf } from '../record/phase.ts'
import { type Database, storable } from './database.ts'
import { readStoredJob, STORED_COLUMNS } from './job-entry.ts'

/** Rows that are counted in one piece. */
const COUNT_PAGE = 5_000

const ALL_PHASES = [0, 1, 2, 3, 4, 5]

/** Lists jobs, newest first: by group or by state through an index; what no index answers is filtered page by page. */
export class JobListing {
  readonly #db: Database
  readonly #bySchedule: string
  readonly #byGroup: string
  readonly #byTenant: string
  readonly #byPhase: string
  readonly #whole: string
  readonly #ids: string
  readonly #numOf: string
  readonly #ofTenant: string

  constructor(db: Database) {
    const { schema } = db
    const columns = CANDIDATE_COLUMNS
    const range = '(created_at, num) < ($2, $3) AND created_at >= $4 ORDER BY created_at DESC, num DESC LIMIT $5'
    this.#db = db
    this.#bySchedule = `SELECT ${columns} FROM ${schema}.jobs WHERE schedule = $1 AND schedule IS NOT NULL AND ${range}`
    this.#byGroup = `SELECT ${columns} FROM ${schema}.jobs WHERE grp = $1 AND grp <> '' AND ${range}`
    this.#byTenant = `SELECT ${columns} FROM ${schema}.jobs WHERE tenant = $1 AND tenant <> '' AND ${range}`
    this.#byPhase = `SELECT found.* FROM unnest($1::smallint[]) AS wanted(p) CROSS JOIN LATERAL (
      SELECT ${columns} FROM ${schema}.jobs WHERE phase = wanted.p AND ${range}) found
      ORDER BY created_at DESC, num DESC LIMIT $5`
    const sizes = [...LONG_COLUMNS, 'manifest'].map((column) => `coalesce(octet_length(${column}), 0)`)
    this.#ids = `SELECT id FROM ${schema}.jobs WHERE num = ANY($1) ORDER BY created_at DESC, num DESC`
    this.#numOf = `SELECT num FROM ${schema}.jobs WHERE id = $1 AND created_at = $2 AND ($3::text IS NULL OR tenant = $3)`
    this.#ofTenant = `SELECT phase, count(*), min(run_at) FROM ${schema}.jobs WHERE tenant = $1 AND tenant <> '' GROUP BY phase`
    // The sum runs over the jobs before each: the first is always there, however long.
    this.#whole = `SELECT ${STORED_COLUMNS} FROM ${schema}.jobs JOIN (
        SELECT num, coalesce(sum(bytes) OVER (ORDER BY created_at DESC, num DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0) AS upto,
          row_number() OVER (ORDER BY created_at DESC, num DESC) AS place
        FROM (SELECT num, created_at, ${sizes.join(' + ')} AS bytes FROM ${schema}.jobs WHERE num = ANY($1)) sized
      ) page USING (num) WHERE place = 1 OR upto <= ${PAGE_BYTES} ORDER BY place`
  }

  async list(query: JobQuery): Promise<Page<Job>> {
    return this.#pageOf(await moreThan(query.limit, this.#pages(query)), query.limit)
  }

  /** The same, of ids alone. */
  async ids(query: JobQuery): Promise<Page<string>> {
    const found = await moreThan(query.limit, this.#pages(query))
    const page = found.slice(0, query.limit)
    const last = page.at(-1)
    const rows = page.length === 0 ? [] : await this.#db.query(this.#ids, [page.map(({ num }) => num)])
    const items = rows.map((row) => text(row, 0))
    return { items, next: last && found.length > page.length ? cursorOf(last, items.at(-1)) : null }
  }

  /** How many there are; they are walked over in pages, because labels are not indexed. */
  async count(filter: JobFilter): Promise<number> {
    let jobs = 0
    for await (const page of this.#pages({ ...filter, limit: COUNT_PAGE })) jobs += page.length
    return jobs
  }

  /** How a tenant's jobs stand, counted by an index alone. */
  async countsOf(tenant: string): Promise<TenantCounts> {
    const states: Record<JobState, number> = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }
    let oldestDueAt: number | null = null
    for (const row of await this.#db.query(this.#ofTenant, [storable(tenant)])) {
      const phase = integer(row, 0)
      states[stateOf(phase)] += integer(row, 1)
      if (phase === PHASE.ready) oldestDueAt = integerOrNull(row, 2)
    }
    return { states, oldestDueAt }
  }

  async *#pages(query: JobQuery): AsyncGenerator<Candidate[], void> {
    const pageSize = needsFilter(query) ? Math.max(SCAN_PAGE, query.limit) : query.limit + 1
    let from: Position = await this.#start(query)
    for (;;) {
      const page = await this.#candidates(query, from, pageSize)
      yield page.filter((candidate) => isWanted(candidate, query))
      from = page.at(-1) ?? from
      if (page.length < pageSize) return
    }
  }

  /** Where the listing begins. Of a cursor's job that is another tenant's, nothing may be told. */
  async #start(query: JobQuery): Promise<Position> {
    if (query.cursor === undefined) return startOf(query, undefined, undefined)
    const cursor = readCursor(query.cursor)
    const [row] = await this.#db.query(this.#numOf, [cursor.id, cursor.createdAt, query.tenant ?? null])
    return startOf(query, cursor, row && integer(row, 0))
  }

  async #candidates(
    { schedule, group, tenant, states, createdAfter = 0 }: JobQuery,
    from: Position,
    limit: number,
  ): Promise<Candidate[]> {
    const range = [from.createdAt, from.num, createdAfter, limit]
    const phases = states ? [...new Set(states.flatMap(phasesOf))] : ALL_PHASES
    const ask = (sql: string, first: unknown): Promise<Row[]> => this.#db.query(sql, [first, ...range])
    if (schedule !== undefined) return (await ask(this.#bySchedule, schedule)).map(readCandidate)
    if (group !== undefined) return (await ask(this.#byGroup, group)).map(readCandidate)
    if (tenant !== undefined) return (await ask(this.#byTenant, tenant)).map(readCandidate)
    return (await ask(this.#byPhase, phases)).map(readCandidate)
  }

  async #pageOf(found: readonly Candidate[], limit: number): Promise<Page<Job>> {
    const wanted = found.slice(0, limit)
    if (wanted.length === 0) return { items: [], next: null }
    const rows = await this.#db.query(this.#whole, [wanted.map(({ num }) => num)])
    const stored = rows.map(readStoredJob)
    // Those of a page may all have been deleted since they were found.
    const last = stored.at(-1)
    const place = last ? wanted.findIndex(({ num }) => num === last.num) : wanted.length - 1
    const next = found.length > place + 1 ? cursorOf(wanted[place] ?? { createdAt: 0 }, last?.job.id) : null
    return { items: stored.map(({ job }) => job), next }
  }
}

/** Whether some of the question is left that the index does not answer. */
function needsFilter({ labels, completedBefore, states, schedule, group, tenant }: JobQuery): boolean {
  if (labels !== undefined || completedBefore !== undefined) return true
  return [states, schedule, group, tenant].filter((each) => each !== undefined).length > 1
}
