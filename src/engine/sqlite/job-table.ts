import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { ManifestSource, NewJob } from '../../job/job.ts'
import { QUEUE_LOOK, type QueueLook } from '../activity.ts'
import { integer, integerOrNull, type Row, textOrNull } from '../record/columns.ts'
import { freshJob } from '../record/fresh-job.ts'
import { CHANGING_COLUMNS, ENTRY_COLUMNS, type JobEntry, readEntry } from '../record/job-row.ts'
import { PHASE } from '../record/phase.ts'
import { readQueueLook } from '../record/queue-look.ts'
import { Query } from './database.ts'
import { OPEN, READY, READY_PLAIN, READY_SIZED } from './job-indexes.ts'
import { INSERT_JOB, insertBareJobs, type NewRow, newRow } from './job-insert.ts'

/** How many delayed jobs become ready in one transaction: about 10 ms of work. */
const PROMOTION_BATCH = 1_000

/** So many bare jobs that follow each other share a statement: each then takes three quarters of the time that one alone does. */
const TOGETHER = 8

/** Of the plain ready jobs and of the others, so many that have been due longest. */
function dueLongest(count: number): string {
  const first = `ORDER BY run_at LIMIT ${count}`
  return `SELECT grp, run_at FROM (SELECT grp, run_at FROM ${READY_PLAIN} ${first})
    UNION ALL SELECT grp, run_at FROM (SELECT grp, run_at FROM ${OPEN} AND phase = ${PHASE.ready} ${first})`
}

/** The rows of jobs. */
export class JobTable {
  readonly #db: DatabaseSync
  readonly #insert: Query
  readonly #insertBare: Query
  readonly #insertTogether: Query
  /** What {@link JobTable.#insertTogether} binds, which are as many values each time; made once, as thousands of jobs a second come by. */
  readonly #bound: SQLInputValue[] = []
  readonly #insertManifest: Query
  readonly #manifest: Query
  readonly #byId: Query
  readonly #numOf: Query
  readonly #byNum: Query
  readonly #byKey: Query
  readonly #processing: Query
  readonly #promote: Query
  readonly #firstDelayed: Query
  readonly #firstReady: Query
  readonly #counts: Query
  readonly #queue: Query
  readonly #queuedOfTenant: Query
  readonly #delete: Query
  readonly #deleteManifest: Query
  readonly #updates = new Map<number, Query>()
  readonly #readManifest = (num: number): ManifestSource => this.#longManifest(num)

  constructor(db: DatabaseSync) {
    const select = `SELECT ${ENTRY_COLUMNS} FROM jobs`
    this.#db = db
    this.#insert = new Query(db, INSERT_JOB)
    this.#insertBare = new Query(db, insertBareJobs(1))
    this.#insertTogether = new Query(db, insertBareJobs(TOGETHER))
    this.#insertManifest = new Query(db, 'INSERT INTO manifests (job, body) VALUES (?, ?)')
    this.#manifest = new Query(db, 'SELECT body FROM manifests WHERE job = ?')
    this.#byId = new Query(db, `${select} WHERE id = ?`)
    this.#numOf = new Query(db, 'SELECT num FROM jobs WHERE id = ?')
    this.#byNum = new Query(db, `${select} WHERE num = ?`)
    this.#byKey = new Query(db, 'SELECT num, request_hash FROM jobs WHERE idempotency_key = ? AND tenant = ?')
    this.#processing = new Query(db, `SELECT ${ENTRY_COLUMNS} FROM ${OPEN} AND phase = ${PHASE.processing}`)
    this.#promote = new Query(
      db,
      `UPDATE jobs SET phase = ${PHASE.ready} WHERE num IN (SELECT num FROM ${OPEN}
        AND phase = ${PHASE.delayed} AND run_at <= ? ORDER BY run_at LIMIT ${PROMOTION_BATCH})`,
    )
    this.#firstDelayed = new Query(
      db,
      `SELECT run_at FROM ${OPEN} AND phase = ${PHASE.delayed} ORDER BY run_at LIMIT 1`,
    )
    this.#firstReady = new Query(db, `SELECT min(run_at) FROM (${dueLongest(1)})`)
    this.#counts = new Query(
      db,
      `SELECT phase, count(*) FROM ${OPEN} AND phase IN (${PHASE.delayed}, ${PHASE.processing}) GROUP BY phase UNION ALL
        SELECT ${PHASE.ready}, (SELECT count(*) FROM ${READY}) + (SELECT count(*) FROM ${READY_SIZED}) UNION ALL
        SELECT phase, count(*) FROM jobs INDEXED BY jobs_ended WHERE phase > 2 GROUP BY phase`,
    )
    this.#queue = new Query(
      db,
      `SELECT grp, count(*), min(run_at) FROM (${dueLongest(QUEUE_LOOK)} ORDER BY run_at LIMIT ${QUEUE_LOOK}) GROUP BY grp`,
    )
    this.#queuedOfTenant = new Query(
      db,
      `SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_by_tenant_phase
        WHERE tenant = ? AND tenant <> '' AND phase <= ${PHASE.ready} LIMIT ?)`,
    )
    this.#delete = new Query(db, 'DELETE FROM jobs WHERE num = ?')
    this.#deleteManifest = new Query(db, 'DELETE FROM manifests WHERE job = ?')
  }

  /**
   * Inserts jobs, which are ready if they are due by `now`; undefined stands for one whose id or idempotency key is there
   * already. `told` is called for each of the others, with whether manifest and parameters are short.
   */
  insert(
    submitted: readonly NewJob[],
    now: number,
    told: (entry: JobEntry, isSmall: boolean) => void,
  ): (JobEntry | undefined)[] {
    const rows = submitted.map((job) => newRow(job, now))
    const nums = this.#insertAll(rows)
    return rows.map(({ job, phase, longManifest, isSmall }, i) => {
      const num = nums[i]
      if (num === undefined) return undefined
      if (longManifest !== undefined) this.#insertManifest.run(num, longManifest)
      const entry = { num, phase, job: freshJob(job), events: '' }
      told(entry, isSmall)
      return entry
    })
  }

  get(id: string): JobEntry | undefined {
    return this.#entry(this.#byId.get(id))
  }

  getByNum(num: number): JobEntry | undefined {
    return this.#entry(this.#byNum.get(num))
  }

  /** The job that a tenant submitted with an idempotency key, and the hash of that request. */
  getByKey(key: string, tenant: string | undefined): { entry: JobEntry; requestHash: string | null } | undefined {
    const row = this.#byKey.get(key, tenant ?? '')
    const entry = row && this.getByNum(integer(row, 0))
    return entry && { entry, requestHash: textOrNull(row, 1) }
  }

  /** Whether so many jobs of a tenant wait, or more. */
  isQueueFull(tenant: string, max: number): boolean {
    return integer(this.#queuedOfTenant.get(tenant, max), 0) >= max
  }

  /** Reads a row that another query selected with {@link ENTRY_COLUMNS}. */
  read(row: Row): JobEntry {
    return readEntry(row, this.#readManifest)
  }

  /** Writes the columns in which the two differ. Few sets of columns ever change together, so each has its statement. */
  update(before: JobEntry, after: JobEntry): void {
    let changed = 0
    const values: SQLInputValue[] = []
    let bit = 1
    for (const column of CHANGING_COLUMNS) {
      if (column.value(before) !== column.value(after)) {
        changed |= bit
        values.push(column.store(after))
      }
      bit <<= 1
    }
    if (changed !== 0) this.#updateOf(changed).run(...values, after.num)
  }

  delete(num: number): void {
    this.#delete.run(num)
    this.#deleteManifest.run(num)
  }

  /** Every job that is being worked on. */
  processing(): JobEntry[] {
    return this.#processing.all().map((row) => this.read(row))
  }

  /** Makes delayed jobs that are due by `now` ready, the oldest first; answers how many. */
  promote(now: number): number {
    return this.#promote.run(now).changes
  }

  /** The earliest instant at which a delayed job will be due. */
  nextRunAt(): number | null {
    const row = this.#firstDelayed.get()
    return row ? integer(row, 0) : null
  }

  /** The earliest instant at which a ready job became due. */
  oldestRunAt(): number | null {
    return integerOrNull(this.#firstReady.get() ?? [null], 0)
  }

  /** How many jobs are in each phase, by a walk over the indexes that they lie in: at most 80 ms at a million jobs. */
  counts(): Map<number, number> {
    return new Map(this.#counts.all().map((row) => [integer(row, 0), integer(row, 1)]))
  }

  /** What is ready, among those due longest. */
  queue(): QueueLook {
    return readQueueLook(this.#queue.all())
  }

  #insertAll(rows: readonly NewRow[]): (number | undefined)[] {
    const nums: (number | undefined)[] = []
    while (nums.length < rows.length) {
      const next = rows.slice(nums.length, nums.length + TOGETHER)
      const isBare = next.length === TOGETHER && next.every(({ ofSome }) => ofSome === undefined)
      nums.push(...(isBare ? this.#insertBareOnes(next) : next.slice(0, 1).map((row) => this.#insertOne(row))))
    }
    return nums
  }

  #insertOne({ ofEvery, ofSome }: NewRow): number | undefined {
    const { changes, num } = ofSome ? this.#insert.run(...ofEvery, ...ofSome) : this.#insertBare.run(...ofEvery)
    return changes === 0 ? undefined : num
  }

  /** Inserts as many as share a statement. Their numbers follow each other, and nobody else has higher ones. */
  #insertBareOnes(rows: readonly NewRow[]): (number | undefined)[] {
    let bound = 0
    for (const { ofEvery } of rows) for (const value of ofEvery) this.#bound[bound++] = value
    const { changes, num: last } = this.#insertTogether.run(...this.#bound)
    const before = last - changes
    if (changes === rows.length) return rows.map((_, i) => before + 1 + i)
    let found = 0
    return rows.map(({ ofEvery: [id = null] }) => {
      const num = changes === 0 ? 0 : integer(this.#numOf.get(id), 0)
      // The first of two with the same id is the one that was inserted.
      return num === before + found + 1 ? before + ++found : undefined
    })
  }

  #entry(row: Row | undefined): JobEntry | undefined {
    return row && this.read(row)
  }

  #longManifest(num: number): ManifestSource {
    const body = this.#db.isOpen ? this.#manifest.get(num) : undefined
    return body ? JSON.parse(textOrNull(body, 0) ?? '') : { files: [] }
  }

  #updateOf(changed: number): Query {
    const known = this.#updates.get(changed)
    if (known) return known
    const columns = CHANGING_COLUMNS.filter((_, bit) => changed & (1 << bit)).map(({ name }) => `${name} = ?`)
    const update = new Query(this.#db, `UPDATE jobs SET ${columns.join(', ')} WHERE num = ?`)
    this.#updates.set(changed, update)
    return update
  }
}
