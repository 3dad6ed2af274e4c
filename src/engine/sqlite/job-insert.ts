import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { isEmpty } from '../../base/is-empty.ts'
import type { NewJob } from '../../job/job.ts'
import { integer } from '../record/columns.ts'
import type { BirthClaim } from '../record/newborn.ts'
import { PHASE, type Phase } from '../record/phase.ts'
import { storeProcessor } from '../record/processor-column.ts'
import { storeResources } from '../record/resources-column.ts'
import { Query } from './database.ts'

/** A manifest longer than this lies in a table of its own: every change of a job rewrites its row. */
const LONGEST_MANIFEST_IN_ROW = 2_000

/** So many bare jobs that follow each other share a statement: each then takes three quarters of the time that one alone does. */
const TOGETHER = 8

const BEGINNING =
  'version, attempt, token, failed_files_only, attempt_base, files_total, files_done, files_failed, files_bytes'
const OF_EVERY_JOB =
  'id, phase, created_at, updated_at, run_at, priority, grp, processor, manifest, max_attempts, timeout_ms'
const OF_THE_CLAIM = 'started_at, worker, events'
const OF_SOME =
  'labels, parameters, idempotency_key, request_hash, traceparent, callback_url, schedule, tick, tenant, resources'

/** The rows of new jobs. */
export class JobInsert {
  readonly #waiting: Statements
  readonly #claimed: Statements
  readonly #numOf: Query

  constructor(db: DatabaseSync) {
    this.#waiting = new Statements(db, '1, 0, 0, 0, 0, 0, 0, 0, 0', OF_EVERY_JOB)
    this.#claimed = new Statements(db, '2, 1, 1, 0, 0, 0, 0, 0, 0', `${OF_EVERY_JOB}, ${OF_THE_CLAIM}`)
    this.#numOf = new Query(db, 'SELECT num FROM jobs WHERE id = ?')
  }

  /** Inserts rows; answers the number of each, undefined for one whose id or idempotency key is there already. */
  insert(rows: readonly NewRow[]): (number | undefined)[] {
    const nums: (number | undefined)[] = []
    while (nums.length < rows.length) {
      const next = rows.slice(nums.length, nums.length + TOGETHER)
      nums.push(...(areAlike(next) ? this.#together(next) : next.slice(0, 1).map((row) => this.#alone(row))))
    }
    return nums
  }

  #alone(row: NewRow): number | undefined {
    const { bare, any } = this.#statementsOf(row)
    const { changes, num } = row.ofSome ? any.run(...row.ofEvery, ...row.ofSome) : bare.run(...row.ofEvery)
    return changes === 0 ? undefined : num
  }

  /** Inserts as many as share a statement. Their numbers follow each other, and nobody else has higher ones. */
  #together(rows: readonly [NewRow, ...NewRow[]]): (number | undefined)[] {
    const { together, bound } = this.#statementsOf(rows[0])
    let count = 0
    for (const { ofEvery } of rows) for (const value of ofEvery) bound[count++] = value
    const { changes, num: last } = together.run(...bound)
    const before = last - changes
    if (changes === rows.length) return rows.map((_, i) => before + 1 + i)
    let found = 0
    return rows.map(({ job }) => {
      const num = changes === 0 ? 0 : integer(this.#numOf.get(job.id), 0)
      // The first of two with the same id is the one that was inserted.
      return num === before + found + 1 ? before + ++found : undefined
    })
  }

  #statementsOf({ claim }: NewRow): Statements {
    return claim ? this.#claimed : this.#waiting
  }
}

/** Inserts of rows with the same columns. */
class Statements {
  /** Any job. */
  readonly any: Query
  /** A job of which nothing is told but what is told of every one. */
  readonly bare: Query
  /** As many of those as share a statement. */
  readonly together: Query
  /** What {@link together} binds, as many values each time; made once, as thousands of jobs a second come by. */
  readonly bound: SQLInputValue[] = []

  constructor(db: DatabaseSync, beginning: string, given: string) {
    const insert = (columns: string, count: number): Query => {
      const row = `(${beginning}, ${columns.replaceAll(/\w+/g, '?')})`
      const rows = Array.from({ length: count }, () => row).join(', ')
      return new Query(db, `INSERT OR IGNORE INTO jobs (${BEGINNING}, ${columns}) VALUES ${rows}`)
    }
    this.any = insert(`${given}, ${OF_SOME}`, 1)
    this.bare = insert(given, 1)
    this.together = insert(given, TOGETHER)
  }
}

/** A job as its row is to hold it. */
export interface NewRow {
  job: NewJob
  phase: Phase
  /** The claim that comes with it. */
  claim: BirthClaim | undefined
  /** What is told of every job, and of the claim. */
  ofEvery: SQLInputValue[]
  /** What is told of some jobs; undefined when there is nothing of it. */
  ofSome: SQLInputValue[] | undefined
  /** The manifest when it does not fit into the row. */
  longManifest: string | undefined
  /** Manifest and parameters are short. */
  isSmall: boolean
}

/** The row of a job, which is ready if it is due by `now`, or claimed. */
export function newRow(job: NewJob, now: number, claim?: BirthClaim): NewRow {
  const phase = claim ? PHASE.processing : job.runAt <= now ? PHASE.ready : PHASE.delayed
  const manifest = JSON.stringify(job.manifest)
  const parameters = job.parameters === null ? null : JSON.stringify(job.parameters)
  const isLong = manifest.length > LONGEST_MANIFEST_IN_ROW
  const ofEvery = [
    job.id,
    phase,
    job.createdAt,
    claim?.now ?? job.createdAt,
    job.runAt,
    job.priority,
    job.group ?? '',
    storeProcessor(job.processor),
    isLong ? null : manifest,
    job.maxAttempts,
    job.timeoutMs,
    ...(claim ? [claim.now, claim.worker, claim.events] : []),
  ]
  return {
    job,
    phase,
    claim,
    ofEvery,
    ofSome: isBare(job) ? undefined : valuesOfSome(job, parameters),
    longManifest: isLong ? manifest : undefined,
    isSmall: !isLong && (parameters?.length ?? 0) <= LONGEST_MANIFEST_IN_ROW,
  }
}

/** Whether they can share a statement, and are as many as do. */
function areAlike(rows: readonly NewRow[]): rows is readonly [NewRow, ...NewRow[]] {
  return rows.length === TOGETHER && rows.every(({ ofSome, claim }) => ofSome === undefined && claim === rows[0]?.claim)
}

/** Whether nothing is told of a job but what is told of every one. */
function isBare(job: NewJob): boolean {
  return (
    job.parameters === null &&
    isEmpty(job.labels) &&
    job.idempotency === undefined &&
    job.traceparent === undefined &&
    job.callbackUrl === undefined &&
    job.schedule === undefined &&
    job.tenant === undefined &&
    !job.resources
  )
}

function valuesOfSome(job: NewJob, parameters: string | null): SQLInputValue[] {
  return [
    isEmpty(job.labels) ? null : JSON.stringify(job.labels),
    parameters,
    job.idempotency?.key ?? null,
    job.idempotency?.requestHash ?? null,
    job.traceparent ?? null,
    job.callbackUrl ?? null,
    job.schedule?.name ?? null,
    job.schedule?.tick ?? null,
    job.tenant ?? '',
    storeResources(job.resources ?? null),
  ]
}
