import type { Clock } from '../../base/clock.ts'
import type { Job } from '../../job/job.ts'
import { NO_RESOURCES, type Resources, sumOf } from '../../job/resources.ts'
import type { WorkerRoom } from '../../job/waiting.ts'
import type { JobCounts } from '../job-engine.ts'
import { integer, type Row, text, textOrNull } from '../record/columns.ts'
import { PHASE } from '../record/phase.ts'
import { readResources } from '../record/resources-column.ts'
import type { Database } from './database.ts'

/** Many may ask why their jobs wait: one look at the database answers all that ask within so many ms. */
const LOOK_EVERY_MS = 1_000

/** What reading takes. */
export interface WorkerRoomsParts {
  db: Database
  clock: Clock
  /** The name of this replica. */
  replica: string
  /** What workers of this replica have to give, as it is now. */
  own(): readonly WorkerRoom[]
  /** A replica that was silent for so long is dead, in ms. */
  silentMs: number
}

/** What all workers have to give, those of other replicas as they said last, and what of it is taken now. */
export class WorkerRooms {
  readonly #parts: WorkerRoomsParts
  #last: { at: number; others: Promise<WorkerRoom[]> } | undefined

  constructor(parts: WorkerRoomsParts) {
    this.#parts = parts
  }

  async read(): Promise<WorkerRoom[]> {
    const now = this.#parts.clock.now()
    if (this.#last === undefined || now - this.#last.at >= LOOK_EVERY_MS) {
      const others = this.#look(now)
      this.#last = { at: now, others }
      others.catch(() => {
        this.#last = undefined
      })
    }
    return [...this.#parts.own(), ...(await this.#last.others)]
  }

  /** How many jobs of the job's group and of its tenant run. */
  async runningWith({ group, tenant }: Job): Promise<Pick<JobCounts, 'groupRunning' | 'tenantRunning'>> {
    if (group === null && tenant === null) return { groupRunning: 0, tenantRunning: 0 }
    const { schema, query } = this.#parts.db
    const sql = `SELECT count(*) FILTER (WHERE grp = $1), count(*) FILTER (WHERE tenant = $2) FROM ${schema}.jobs
      WHERE phase = ${PHASE.processing}`
    const [row] = await query(sql, [group, tenant])
    return { groupRunning: integer(row, 0), tenantRunning: integer(row, 1) }
  }

  async #look(now: number): Promise<WorkerRoom[]> {
    const { db, replica, silentMs } = this.#parts
    const [replicas, running] = await Promise.all([
      db.query(
        `SELECT coalesce(name, id), slots, budget FROM ${db.schema}.replicas WHERE id <> $1 AND slots > 0 AND seen_at >= $2`,
        [replica, now - silentMs],
      ),
      db.query(
        `SELECT worker, resources, count(*) FROM ${db.schema}.jobs WHERE phase = ${PHASE.processing} GROUP BY worker, resources`,
      ),
    ])
    return replicas.map((row) => {
      const worker = text(row, 0)
      const own = running.filter((each) => each[0] === worker)
      const busy = own.reduce((sum, each) => sum + integer(each, 2), 0)
      return { worker, slots: integer(row, 1), running: busy, budget: budgetOf(row), used: usedBy(own) }
    })
  }
}

function budgetOf(row: Row): Resources | null {
  const stored = textOrNull(row, 2)
  return stored === null ? null : (readResources(stored) ?? NO_RESOURCES)
}

function usedBy(running: readonly Row[]): Resources {
  return running.reduce((sum: Resources, row) => {
    const { cpu, memoryBytes, scratchBytes } = readResources(text(row, 1)) ?? NO_RESOURCES
    const jobs = integer(row, 2)
    return sumOf(sum, { cpu: cpu * jobs, memoryBytes: memoryBytes * jobs, scratchBytes: scratchBytes * jobs })
  }, NO_RESOURCES)
}
