import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { ManifestSource } from '../../job/job.ts'
import { QUEUE_LOOK, type QueueLook } from '../activity.ts'
import { integer, integerOrNull, type Row, textOrNull } from '../record/columns.ts'
import { CHANGING_COLUMNS, ENTRY_COLUMNS, type JobEntry, readEntry } from '../record/job-row.ts'
import { PHASE } from '../record/phase.ts'
import { readQueueLook } from '../record/queue-look.ts'
import { Query } from './database.ts'
import { OPEN, READY, READY_PLAIN, READY_SIZED } from './job-indexes.ts'
import { JobInsert, type NewRow } from './job-insert.ts'

/** How many delayed jobs become ready in one transaction: about 10 ms of work. */
const PROMOTION_BATCH = 1_000

/** Of the plain ready jobs and of the others, so many that have been due longest. */
function dueLongest(count: number): string {
  const first = `ORDER BY run_at LIMIT ${count}`
  return `SELECT grp, run_at FROM (SELECT grp, run_at FROM ${READY_PLAIN} ${first})
    UNION ALL SELECT grp, run_at FROM (SELECT grp, run_at FROM ${OPEN} AND phase = ${PHASE.ready} ${first})`
}

/** The rows of jobs. */
export class JobTable {
  readonly #db: DatabaseSync
  readonly #insert: JobInsert
  readonly #insertManifest: Query
  readonly #manifest: Query
  readonly #byId: Query
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
    this.#insert = new JobInsert(db)
    this.#insertManifest = new Query(db, 'INSERT INTO manifests (job, body) VALUES (?, ?)')
    this.#manifest = new Query(db, 'SELECT body FROM manifests WHERE job = ?')
    this.#byId = new Query(db, `${select} WHERE id = ?`)
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

  /** Inserts jobs; answers their numbers, undefined for one whose id or idempotency key is there already. */
  insert(rows: readonly NewRow[]): (number | undefined)[] {
    const nums = this.#insert.insert(rows)
    for (const [i, { longManifest }] of rows.entries()) {
      const num = nums[i]
      if (num !== undefined && longManifest !== undefined) this.#insertManifest.run(num, longManifest)
    }
    return nums
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
