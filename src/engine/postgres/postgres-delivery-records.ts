import {
  busyEnough,
  CLAIM_WINDOW,
  type ClaimedDelivery,
  DELIVERY_PERIOD_MS,
  type Delivery,
  type DeliveryClaim,
  type DeliveryCounts,
  type DeliveryOutcome,
  type DeliveryRecords,
  type DeliveryWish,
} from '../delivery-records.ts'
import type { DueNews } from '../due-news.ts'
import { integer, integerOrNull } from '../record/columns.ts'
import { CLAIMED_COLUMNS, DELIVERY_COLUMNS, outcomeValues, readClaimed, readDelivery } from '../record/delivery-row.ts'
import { type Database, storable } from './database.ts'

/** What the deliveries need from the engine. */
export interface DeliveryAccess {
  db(): Database
  now(): number
  news: DueNews
}

/** Deliveries in the schema of the jobs; any replica tries them. */
export class PostgresDeliveryRecords implements DeliveryRecords {
  readonly #access: DeliveryAccess

  constructor(access: DeliveryAccess) {
    this.#access = access
  }

  async claim(wish: DeliveryWish): Promise<DeliveryClaim> {
    const { schema, query } = this.#access.db()
    const now = this.#access.now()
    const { limit, perHost, busy, leaseMs, maxBytes } = wish
    const busyHosts = JSON.stringify(Object.fromEntries(busy))
    const values = [now, limit, perHost, busyHosts, now + leaseMs, busyEnough(wish), maxBytes]
    const deliveries = (await query(claimSql(schema), values)).map(readClaimed)
    const [row = []] = await query(
      `SELECT (EXISTS (SELECT FROM ${schema}.deliveries WHERE due_at <= $1))::integer,
        (SELECT due_at FROM ${schema}.deliveries WHERE due_at > $1 AND state = 'pending' ORDER BY due_at LIMIT 1)`,
      [now],
    )
    return { deliveries, more: integer(row, 0) === 1, nextDueAt: integerOrNull(row, 1) }
  }

  async record(claimed: ClaimedDelivery, outcome: DeliveryOutcome): Promise<boolean> {
    const { schema, query } = this.#access.db()
    const rows = await query(
      `UPDATE ${schema}.deliveries SET state = $3, due_at = $4, attempt = $5, retries = $6, attempts = $7
        WHERE id = $1 AND token = $2 AND state = 'sending' RETURNING num`,
      [claimed.id, claimed.token, ...outcomeValues(claimed, outcome)],
    )
    return rows.length > 0
  }

  async list(jobId: string): Promise<Delivery[]> {
    const { schema, query } = this.#access.db()
    const rows = await query(
      `SELECT ${DELIVERY_COLUMNS} FROM ${schema}.deliveries d JOIN ${schema}.jobs j ON j.num = d.job
        WHERE j.id = $1 ORDER BY d.num DESC`,
      [storable(jobId)],
    )
    return rows.map(readDelivery)
  }

  async resend(jobId: string, id: string): Promise<Delivery | undefined> {
    const { schema, query } = this.#access.db()
    const now = this.#access.now()
    await query(
      `UPDATE ${schema}.deliveries SET state = 'pending', due_at = $3, expires_at = $4, retries = 0
        WHERE id = $2 AND job = (SELECT num FROM ${schema}.jobs WHERE id = $1) AND state <> 'sending'`,
      [storable(jobId), storable(id), now, now + DELIVERY_PERIOD_MS],
    )
    const delivery = (await this.list(jobId)).find((each) => each.id === id)
    if (delivery) this.#access.news.tell(now)
    return delivery
  }

  async counts(): Promise<DeliveryCounts> {
    const { schema, query } = this.#access.db()
    const [row = []] = await query(`SELECT count(*), min(due_at) FROM ${schema}.deliveries WHERE due_at IS NOT NULL`)
    return { pending: integer(row, 0), oldestDueAt: integerOrNull(row, 1) }
  }

  onDue(listener: (dueAt: number) => void): void {
    this.#access.news.listen(listener)
  }
}

/**
 * The longest due, of each receiver as many as it may have; rows that another replica is claiming are stepped over, and
 * those it has claimed meanwhile are no longer due. $1 now, $2 limit, $3 of one host, $4 those busy, $5 end of the lease,
 * $6 hosts that are busy enough, $7 bytes of bodies.
 */
function claimSql(schema: string): string {
  return `WITH due AS (
    SELECT num, host, due_at FROM ${schema}.deliveries WHERE due_at <= $1 AND host <> ALL($6::text[])
    ORDER BY due_at, num LIMIT ${CLAIM_WINDOW}
  ), ranked AS (
    SELECT num, host, row_number() OVER (PARTITION BY host ORDER BY due_at, num) AS nth FROM due
  ), locked AS MATERIALIZED (
    SELECT num, due_at, octet_length(body) AS bytes FROM ${schema}.deliveries WHERE due_at <= $1 AND num IN (
      SELECT num FROM ranked WHERE nth <= $3::bigint - coalesce(($4::json ->> host)::bigint, 0)
    ) ORDER BY due_at, num LIMIT $2::bigint FOR UPDATE SKIP LOCKED
  ), measured AS (
    SELECT num, due_at, sum(bytes) OVER first AS upto, row_number() OVER first AS nth FROM locked
    WINDOW first AS (ORDER BY due_at, num)
  ), picked AS (
    SELECT num, due_at FROM measured WHERE nth = 1 OR upto <= $7::bigint
  ), claimed AS (
    UPDATE ${schema}.deliveries d SET state = 'sending', token = d.token + 1, due_at = $5::bigint
    FROM picked, ${schema}.jobs j WHERE d.num = picked.num AND j.num = d.job
    RETURNING d.num, picked.due_at AS was_due_at, ${CLAIMED_COLUMNS.replace('d.id, j.id', 'd.id, j.id AS job_id')}
  )
  SELECT ${CLAIMED_COLUMNS.replace('d.id, j.id', 'id, job_id').replaceAll(/[dj]\./g, '')} FROM claimed ORDER BY was_due_at, num`
}
