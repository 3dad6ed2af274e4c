import type { DatabaseSync } from 'node:sqlite'
import type { Job, JobState } from '../../job/job.ts'
import type { JobFilter, TenantCounts } from '../activity.ts'
import type { JobQuery, Page } from '../job-engine.ts'
import { integer, integerOrNull, type Row, textOrNull } from '../record/columns.ts'
import {
  CANDIDATE_COLUMNS,
  type Candidate,
  cursorOf,
  isAsked,
  isByStateAlone,
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
import { Query } from './database.ts'
import { OPEN, READY, READY_SIZED } from './job-indexes.ts'

/** Up to this many queued jobs are sorted when they are asked for; more are met soon by looking at all jobs, newest first. */
const FEW = 10_000

/** Jobs of a tenant that are counted in one piece, by their index alone: some 2 ms. */
const COUNT_PIECE = 5_000

/** The index a question is answered from. */
type Index = 'schedule' | 'group' | 'tenant' | 'phase' | 'age'

/** Lists jobs by the index that fits the question best; what no index answers is filtered page by page. */
export class JobListing {
  readonly #read: (num: number) => Job | undefined
  readonly #states: () => Record<JobState, number>
  readonly #ended: Query
  readonly #open: Query
  readonly #ready: readonly Query[]
  readonly #bySchedule: Query
  readonly #byGroup: Query
  readonly #byTenant: Query
  readonly #byAge: Query
  readonly #size: Query
  readonly #id: Query
  readonly #numOf: Query
  readonly #piece: Query
  readonly #pieceEnd: Query
  readonly #firstDue: Query

  constructor(db: DatabaseSync, read: (num: number) => Job | undefined, states: () => Record<JobState, number>) {
    const select = `SELECT ${CANDIDATE_COLUMNS} FROM jobs INDEXED BY`
    const page = '(created_at, num) < (?, ?) AND created_at >= ? ORDER BY created_at DESC, num DESC LIMIT ?'
    this.#read = read
    this.#states = states
    this.#ended = new Query(db, `${select} jobs_ended WHERE phase = ? AND phase > 2 AND ${page}`)
    this.#open = new Query(db, `SELECT ${CANDIDATE_COLUMNS} FROM ${OPEN} AND phase = ? AND ${page}`)
    this.#ready = [READY, READY_SIZED].map(
      (from) => new Query(db, `SELECT ${CANDIDATE_COLUMNS} FROM ${from} AND ${page}`),
    )
    this.#bySchedule = new Query(
      db,
      `${select} jobs_by_schedule WHERE schedule = ? AND schedule IS NOT NULL AND ${page}`,
    )
    this.#byGroup = new Query(db, `${select} jobs_by_group WHERE grp = ? AND grp <> '' AND ${page}`)
    this.#byTenant = new Query(db, `${select} jobs_by_tenant WHERE tenant = ? AND tenant <> '' AND ${page}`)
    this.#byAge = new Query(db, `${select} jobs_by_age WHERE ${page}`)
    const sizes = LONG_COLUMNS.map((column) => `coalesce(octet_length(${column}), 0)`)
    this.#id = new Query(db, 'SELECT id FROM jobs WHERE num = ?')
    this.#numOf = new Query(db, 'SELECT num, tenant FROM jobs WHERE id = ? AND created_at = ?')
    const ofTenant = "FROM jobs INDEXED BY jobs_by_tenant_phase WHERE tenant = ? AND tenant <> '' AND phase = ?"
    const piece = `${ofTenant} AND (run_at, num) > (?, ?) ORDER BY run_at, num`
    this.#piece = new Query(db, `SELECT count(*) FROM (SELECT 1 ${piece} LIMIT ${COUNT_PIECE})`)
    this.#pieceEnd = new Query(db, `SELECT run_at, num ${piece} LIMIT 1 OFFSET ${COUNT_PIECE - 1}`)
    this.#firstDue = new Query(db, `SELECT min(run_at) ${ofTenant}`)
    this.#size = new Query(db, `SELECT ${sizes.join(' + ')} FROM jobs WHERE num = ?`)
  }

  /** One page, newest first. Other work goes on between pages of a long scan. */
  async list(query: JobQuery): Promise<Page<Job>> {
    const found = await moreThan(query.limit, this.#pages(query))
    const page = this.#fitting(found.slice(0, query.limit))
    const jobs = page.map(({ num }) => this.#read(num))
    return this.#paged(found, page, jobs, (job) => job.id)
  }

  /** The same, of ids alone. */
  async ids(query: JobQuery): Promise<Page<string>> {
    const found = await moreThan(query.limit, this.#pages(query))
    const page = found.slice(0, query.limit)
    const ids = page.map(({ num }) => textOrNull(this.#id.get(num) ?? [null], 0) ?? undefined)
    return this.#paged(found, page, ids, (id) => id)
  }

  /** How many there are; by state alone that is known, else they are walked over: 250 ms for 100,000. */
  async count(filter: JobFilter): Promise<number> {
    if (isByStateAlone(filter)) {
      const known = this.#states()
      return Object.entries(known).reduce((sum, [state, jobs]) => sum + (isAsked(state, filter) ? jobs : 0), 0)
    }
    let jobs = 0
    for await (const page of this.#pages({ ...filter, limit: SCAN_PAGE })) jobs += page.length
    return jobs
  }

  /** How a tenant's jobs stand, counted by an index alone: some 40 ms for 100,000, in pieces between which other work goes on. */
  async countsOf(tenant: string): Promise<TenantCounts> {
    const states: Record<JobState, number> = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }
    for (const phase of Object.values(PHASE)) states[stateOf(phase)] += await this.#countPhase(tenant, phase)
    return { states, oldestDueAt: integerOrNull(this.#firstDue.get(tenant, PHASE.ready) ?? [null], 0) }
  }

  async #countPhase(tenant: string, phase: number): Promise<number> {
    let end: Row | undefined
    for (let jobs = 0; ; await new Promise((resolve) => setImmediate(resolve))) {
      const piece = [tenant, phase, end ? integer(end, 0) : Number.MIN_SAFE_INTEGER, end ? integer(end, 1) : 0] as const
      jobs += integer(this.#piece.get(...piece), 0)
      end = this.#pieceEnd.get(...piece)
      if (end === undefined) return jobs
    }
  }

  async *#pages(query: JobQuery): AsyncGenerator<Candidate[], void> {
    const index = this.#indexFor(query)
    const pageSize = needsFilter(query, index) ? SCAN_PAGE : query.limit + 1
    let from = this.#start(query)
    for (;;) {
      const page = this.#candidates(query, index, from, pageSize)
      yield page.filter((candidate) => isWanted(candidate, query))
      from = page.at(-1) ?? from
      if (page.length < pageSize) return
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Where the listing begins. Of a cursor's job that is another tenant's, nothing may be told. */
  #start(query: JobQuery): Position {
    const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor)
    const row = cursor && this.#numOf.get(cursor.id, cursor.createdAt)
    const isSeen = row !== undefined && (query.tenant === undefined || textOrNull(row, 1) === query.tenant)
    return startOf(query, cursor, isSeen ? integer(row, 0) : undefined)
  }

  #indexFor({ schedule, group, tenant, states }: JobQuery): Index {
    if (schedule !== undefined) return 'schedule'
    if (group !== undefined) return 'group'
    if (tenant !== undefined) return 'tenant'
    if (states === undefined) return 'age'
    return states.includes('queued') && this.#states().queued > FEW ? 'age' : 'phase'
  }

  #candidates(query: JobQuery, index: Index, from: Position, limit: number): Candidate[] {
    const range = [from.createdAt, from.num, query.createdAfter ?? 0, limit] as const
    if (index === 'schedule') return this.#bySchedule.all(query.schedule ?? '', ...range).map(readCandidate)
    if (index === 'group') return this.#byGroup.all(query.group ?? '', ...range).map(readCandidate)
    if (index === 'tenant') return this.#byTenant.all(query.tenant ?? '', ...range).map(readCandidate)
    if (index === 'age') return this.#byAge.all(...range).map(readCandidate)
    const phases = new Set(query.states?.flatMap(phasesOf))
    const rows = [...phases].flatMap((phase) => {
      if (phase === PHASE.ready) return this.#ready.flatMap((ready) => ready.all(...range))
      return (phase > PHASE.processing ? this.#ended : this.#open).all(phase, ...range)
    })
    const newestFirst = (a: Candidate, b: Candidate): number => b.createdAt - a.createdAt || b.num - a.num
    return rows.map(readCandidate).sort(newestFirst).slice(0, limit)
  }

  /** A page of what was read of each candidate, undefined of those that were deleted meanwhile. */
  #paged<Item>(
    found: readonly Candidate[],
    page: readonly Candidate[],
    read: readonly (Item | undefined)[],
    idOf: (item: Item) => string,
  ): Page<Item> {
    const [last, lastRead] = [page.at(-1), read.at(-1)]
    const next = last && found.length > page.length ? cursorOf(last, lastRead && idOf(lastRead)) : null
    return { items: read.filter((item) => item !== undefined), next }
  }

  /** As many as may be read at once; at least one. */
  #fitting(page: readonly Candidate[]): readonly Candidate[] {
    let bytes = 0
    const cut = page.findIndex(({ num }, i) => {
      bytes += integerOrNull(this.#size.get(num) ?? [null], 0) ?? 0
      return i > 0 && bytes > PAGE_BYTES
    })
    return cut === -1 ? page : page.slice(0, cut)
  }
}

/** Whether some of the question is left that the chosen index does not answer. */
function needsFilter({ labels, completedBefore, states, tenant, group }: JobQuery, index: Index): boolean {
  if (labels !== undefined || completedBefore !== undefined) return true
  const isLeft = (choice: unknown, by: Index): boolean => choice !== undefined && index !== by
  return isLeft(states, 'phase') || isLeft(tenant, 'tenant') || isLeft(group, 'group')
}
