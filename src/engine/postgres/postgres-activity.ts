import type { Clock } from '../../base/clock.ts'
import {
  type Activity,
  type ChangeListener,
  type JobFilter,
  MINUTES_KEPT_MS,
  QUEUE_LOOK,
  type QueueLook,
  type RunningJob,
  TALLIES_KEPT_MS,
  TALLY_KINDS,
  type Tally,
  type TallyQuery,
  type TenantCounts,
  type WorkerRecord,
} from '../activity.ts'
import type { JobQuery, Page } from '../job-engine.ts'
import type { Listeners } from '../listeners.ts'
import { integer, type Row, text, textOrNull } from '../record/columns.ts'
import { isAsked, isByStateAlone } from '../record/job-choice.ts'
import { SILENT_PROGRESS } from '../record/job-row.ts'
import { readQueueLook } from '../record/queue-look.ts'
import { storable } from './database.ts'
import type { EngineParts } from './engine-parts.ts'

/** Running jobs that are told with their workers, over all of them. */
const RUNNING_TOLD = 1_000

/** The engine's way to its parts. */
export interface ActivityAccess {
  clock: Clock
  listeners: Listeners
  parts(): EngineParts
}

/** What happens at all replicas. */
export class PostgresActivity implements Activity {
  readonly #access: ActivityAccess

  constructor(access: ActivityAccess) {
    this.#access = access
  }

  async count(filter: JobFilter): Promise<number> {
    const { listing, reads } = this.#access.parts()
    if (!isByStateAlone(filter)) return listing.count(filter)
    const { states } = await reads.counts(undefined)
    return Object.entries(states).reduce((sum, [state, jobs]) => sum + (isAsked(state, filter) ? jobs : 0), 0)
  }

  async countsOf(tenant: string): Promise<TenantCounts> {
    return this.#access.parts().listing.countsOf(tenant)
  }

  async ids(query: JobQuery): Promise<Page<string>> {
    return this.#access.parts().listing.ids(query)
  }

  async workers(): Promise<WorkerRecord[]> {
    const { db } = this.#access.parts()
    const [replicas, running, busy] = await Promise.all([
      db.query(`SELECT coalesce(name, id), coalesce(role, 'all'), coalesce(started_at, seen_at), seen_at, slots
        FROM ${db.schema}.replicas ORDER BY 3, 1`),
      db.query(`SELECT id, attempt, coalesce(started_at, updated_at), progress, tenant, worker
        FROM ${db.schema}.jobs WHERE phase = 2 ORDER BY 3 LIMIT ${RUNNING_TOLD}`),
      db.query(`SELECT worker, count(*) FROM ${db.schema}.jobs WHERE phase = 2 GROUP BY worker`),
    ])
    return replicas.map((row) => {
      const name = text(row, 0)
      const own = running.filter((job) => job[5] === name).map(readRunning)
      const count = busy.find(([worker]) => worker === name)
      return { ...readReplica(row), name, running: own, busy: count ? integer(count, 1) : 0 }
    })
  }

  async queue(): Promise<QueueLook> {
    const { db } = this.#access.parts()
    const rows = await db.query(
      `SELECT grp, count(*), min(run_at) FROM (SELECT grp, run_at FROM ${db.schema}.jobs
        WHERE phase = 1 ORDER BY run_at LIMIT ${QUEUE_LOOK}) due GROUP BY grp`,
    )
    return readQueueLook(rows)
  }

  async tallies({ from, sliceMs, tenant }: TallyQuery): Promise<Tally[]> {
    const { db } = this.#access.parts()
    const rows = await db.query(
      `SELECT at - at % $2, kind, step, sum(jobs) FROM ${db.schema}.tallies
        WHERE at >= $1 AND ($3::text IS NULL OR tenant = $3) GROUP BY 1, 2, 3`,
      [from, sliceMs, storable(tenant ?? null)],
    )
    return rows.map(readTally)
  }

  async foldTallies(): Promise<void> {
    const { db } = this.#access.parts()
    const now = this.#access.clock.now()
    const minutes = now - MINUTES_KEPT_MS
    await db.query(
      `WITH old AS (
        DELETE FROM ${db.schema}.tallies WHERE at < $1 AND (at % 3600000 <> 0 OR owner <> '') RETURNING *
      )
      INSERT INTO ${db.schema}.tallies AS t (at, tenant, kind, step, owner, jobs)
      SELECT at - at % 3600000, tenant, kind, step, '', sum(jobs) FROM old GROUP BY 1, 2, 3, 4
      ON CONFLICT (at, tenant, kind, step, owner) DO UPDATE SET jobs = t.jobs + excluded.jobs`,
      [minutes - (minutes % 3_600_000)],
    )
    await db.query(`DELETE FROM ${db.schema}.tallies WHERE at < $1`, [now - TALLIES_KEPT_MS])
  }

  watch(listener: ChangeListener): () => void {
    const { news } = this.#access.parts()
    const unhear = this.#access.listeners.add((_event, job) => listener(job))
    const unwatch = news.watch(listener)
    return () => {
      unhear()
      unwatch()
    }
  }
}

const ROLES = ['all', 'api', 'worker'] as const

function readReplica(row: Row): Pick<WorkerRecord, 'role' | 'startedAt' | 'seenAt' | 'slots'> {
  const role = ROLES.find((known) => known === row[1]) ?? 'all'
  return { role, startedAt: integer(row, 2), seenAt: integer(row, 3), slots: integer(row, 4) }
}

function readRunning(row: Row): RunningJob {
  const progress = textOrNull(row, 3)
  return {
    id: text(row, 0),
    attempt: integer(row, 1),
    startedAt: integer(row, 2),
    progress: progress === null ? SILENT_PROGRESS.processing : JSON.parse(progress),
    tenant: text(row, 4) || null,
  }
}

function readTally(row: Row): Tally {
  const kind = TALLY_KINDS.find((known) => known === row[1])
  if (kind === undefined) throw new TypeError(`there is no kind of tally ${row[1]}`)
  return { at: integer(row, 0), kind, step: integer(row, 2), jobs: integer(row, 3) }
}
