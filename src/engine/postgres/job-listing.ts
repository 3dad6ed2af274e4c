import type { Job } from '../../job/job.ts'
import type { JobFilter, TenantCounts } from '../activity.ts'
import type { JobQuery, Page } from '../job-engine.ts'
import { integer, type Row, text } from '../record/columns.ts'
import {
  CANDIDATE_COLUMNS,
  type Candidate,
  cursorOf,
  isWanted,
  LONG_COLUMNS,
  PAGE_BYTES,
  type Position,
  readCandidate,
  SCAN_PAGE,
  startOf,
} from '../record/job-choice.ts'
import { phasesOf } from '../record/phase.ts'
import { addCandidates, noTenantCounts } from '../record/tenant-counts.ts'
import type { Database } from './database.ts'
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
    // The sum runs over the jobs before each: the first is always there, however long.
    this.#whole = `SELECT ${STORED_COLUMNS} FROM ${schema}.jobs JOIN (
        SELECT num, coalesce(sum(bytes) OVER (ORDER BY created_at DESC, num DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0) AS upto,
          row_number() OVER (ORDER BY created_at DESC, num DESC) AS place
        FROM (SELECT num, created_at, ${sizes.join(' + ')} AS bytes FROM ${schema}.jobs WHERE num = ANY($1)) sized
      ) page USING (num) WHERE place = 1 OR upto <= ${PAGE_BYTES} ORDER BY place`
  }

  async list(query: JobQuery): Promise<Page<Job>> {
    return this.#pageOf(await this.#choose(query), query.limit)
  }

  /** The same, of ids alone. */
  async ids(query: JobQuery): Promise<Page<string>> {
    const found = await this.#choose(query)
    const page = found.slice(0, query.limit)
    const last = page.at(-1)
    const rows = page.length === 0 ? [] : await this.#db.query(this.#ids, [page.map(({ num }) => num)])
    return { items: rows.map((row) => text(row, 0)), next: last && found.length > page.length ? cursorOf(last) : null }
  }

  /** How many there are; they are walked over in pages, because labels are not indexed. */
  async count(filter: JobFilter): Promise<number> {
    let jobs = 0
    for await (const page of this.#pages({ ...filter, limit: COUNT_PAGE })) jobs += page.length
    return jobs
  }

  /** How a tenant's jobs stand, by one walk over all of them. */
  async countsOf(tenant: string): Promise<TenantCounts> {
    const counts = noTenantCounts()
    for await (const page of this.#pages({ tenant, limit: COUNT_PAGE })) addCandidates(counts, page)
    return counts
  }

  /** One more than the page holds, if there are. */
  async #choose(query: JobQuery): Promise<Candidate[]> {
    const found: Candidate[] = []
    for await (const page of this.#pages(query)) {
      found.push(...page)
      if (found.length > query.limit) break
    }
    return found
  }

  async *#pages(query: JobQuery): AsyncGenerator<Candidate[], void> {
    const pageSize = needsFilter(query) ? Math.max(SCAN_PAGE, query.limit) : query.limit + 1
    let from: Position = startOf(query)
    for (;;) {
      const page = await this.#candidates(query, from, pageSize)
      yield page.filter((candidate) => isWanted(candidate, query))
      from = page.at(-1) ?? from
      if (page.length < pageSize) return
    }
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
    const items = rows.map((row) => readStoredJob(row).job)
    const lastNum = integer(rows.at(-1), 0)
    const last = wanted.find(({ num }) => num === lastNum)
    return { items, next: last && found.length > wanted.indexOf(last) + 1 ? cursorOf(last) : null }
  }
}

/** Whether some of the question is left that the index does not answer. */
function needsFilter({ labels, completedBefore, states, schedule, group, tenant }: JobQuery): boolean {
  if (labels !== undefined || completedBefore !== undefined) return true
  return [states, schedule, group, tenant].filter((each) => each !== undefined).length > 1
}
