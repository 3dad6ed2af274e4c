import type { Resources } from '../../job/resources.ts'
import type { Presence } from '../activity.ts'
import { integer, integerOrNull, text, textOrNull } from '../record/columns.ts'
import { storeResources } from '../record/resources-column.ts'
import type { Database } from './database.ts'
import { type DoorbellPlace, unlockSql } from './doorbell.ts'

const DATABASE_NOW = 'floor(extract(epoch FROM clock_timestamp()) * 1000)'

/** What a heartbeat of the replica heard. */
export interface Beat {
  /** The database's own time, in ms since 1970. */
  databaseNow: number
  /** Whether jobs are ready. */
  isWorkReady: boolean
  /** When the next delayed job is due. */
  nextDueAt: number | null
  /** When the next delivery is due. */
  nextDeliveryAt: number | null
  /** When the next schedule is due. */
  nextTick: number | null
}

/** What a replica's row needs. */
export interface ReplicaParts {
  db: Database
  id: string
  bell: DoorbellPlace
  /** A FROM item that rings for workers. */
  ring: string
  presence: Presence
  /** Jobs that may run here at once. */
  slots(): number
  /** What those may need together; no limit when undefined. */
  budget(): Resources | undefined
  /** A replica that was silent for so long is dead, in ms. */
  silentMs: number
}

/** This replica's row among the others': a heartbeat keeps it, and those of the dead are cleared away by anybody. */
export class Replica {
  readonly #parts: ReplicaParts
  #startedAt: number | undefined

  constructor(parts: ReplicaParts) {
    this.#parts = parts
  }

  /** Asks for the database's time alone. */
  async askTime(): Promise<Pick<Beat, 'databaseNow'>> {
    const [row = []] = await this.#parts.db.query(`SELECT ${DATABASE_NOW}`)
    return { databaseNow: integer(row, 0) }
  }

  /** Says that this replica lives, and under which name it holds bells. */
  async beat(now: number, doorbell: string | undefined): Promise<Beat> {
    const { db, id, presence, slots, budget } = this.#parts
    const given = budget()
    this.#startedAt ??= now
    const [row = []] = await db.query(
      `WITH seen AS (
        INSERT INTO ${db.schema}.replicas (id, doorbell, seen_at, name, role, started_at, slots, budget)
        VALUES ($1, $2, $3, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET
          doorbell = excluded.doorbell, seen_at = excluded.seen_at, slots = excluded.slots,
          budget = excluded.budget
      )
      SELECT ${DATABASE_NOW},
        EXISTS (SELECT FROM ${db.schema}.jobs WHERE phase = 1)::integer,
        (SELECT run_at FROM ${db.schema}.jobs WHERE phase = 0 ORDER BY run_at LIMIT 1),
        EXISTS (SELECT FROM ${db.schema}.replicas WHERE seen_at < $4)::integer,
        (SELECT due_at FROM ${db.schema}.deliveries WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1),
        (SELECT min(next_tick) FROM ${db.schema}.schedules WHERE next_tick IS NOT NULL)`,
      [
        ...[id, doorbell ?? null, now, now - this.#parts.silentMs, presence.name, presence.role, this.#startedAt],
        ...[slots(), given ? storeResources(given) : null],
      ],
    )
    if (integer(row, 3) === 1) await this.#buryDead(now)
    return {
      databaseNow: integer(row, 0),
      isWorkReady: integer(row, 1) === 1,
      nextDueAt: integerOrNull(row, 2),
      nextDeliveryAt: integerOrNull(row, 4),
      nextTick: integerOrNull(row, 5),
    }
  }

  /** Takes the row away, and leaves its sums to all. */
  async leave(): Promise<void> {
    await this.#bury('id = $1', [this.#parts.id])
  }

  async #buryDead(now: number): Promise<void> {
    await this.#bury('seen_at < $1', [now - this.#parts.silentMs])
  }

  /** Frees the bells that dead workers held: others may take them at once, not after Graphile Worker's four hours. */
  async #bury(where: string, values: readonly unknown[]): Promise<void> {
    const { db, bell, ring } = this.#parts
    const { schema } = db
    await db.transaction(async (run) => {
      const dead = await run(
        `DELETE FROM ${schema}.replicas WHERE id IN
          (SELECT id FROM ${schema}.replicas WHERE ${where} FOR UPDATE SKIP LOCKED) RETURNING id, doorbell`,
        values,
      )
      if (dead.length === 0) return
      const owners = dead.map((row) => `${text(row, 0)}:%`)
      await run(
        `WITH gone AS (DELETE FROM ${schema}.counters WHERE owner LIKE ANY($1) RETURNING *)
        INSERT INTO ${schema}.counters AS c (owner, queued, processing, completed, failed, cancelled)
        SELECT 'rest', sum(queued), sum(processing), sum(completed), sum(failed), sum(cancelled) FROM gone HAVING count(*) > 0
        ON CONFLICT (owner) DO UPDATE SET queued = c.queued + excluded.queued, processing = c.processing + excluded.processing,
          completed = c.completed + excluded.completed, failed = c.failed + excluded.failed, cancelled = c.cancelled + excluded.cancelled`,
        [owners],
      )
      const bells = dead.flatMap((row) => textOrNull(row, 1) ?? [])
      if (bells.length === 0) return
      const [unlock = '', drop = ''] = unlockSql(bell)
      await run(unlock, [bells])
      await run(drop)
      await run(`SELECT FROM ${ring} bell`)
    })
  }
}
