import type { DatabaseSync } from 'node:sqlite'
import type { JobEvent } from '../../job/event.ts'
import type { Job } from '../../job/job.ts'
import {
  busyEnough,
  CLAIM_WINDOW,
  type ClaimedDelivery,
  DELIVERY_PERIOD_MS,
  type Delivery,
  type DeliveryCounts,
  type DeliveryOutcome,
  type DeliveryWish,
} from '../delivery-records.ts'
import { integer, integerOrNull, text } from '../record/columns.ts'
import { CLAIMED_COLUMNS, DELIVERY_COLUMNS, outcomeValues, readClaimed, readDelivery } from '../record/delivery-row.ts'
import { type DescribeEnd, newDelivery } from '../record/new-delivery.ts'
import { Query } from './database.ts'

const FROM = 'FROM deliveries d JOIN jobs j ON j.num = d.job'

/** The rows of deliveries. */
export class DeliveryTable {
  readonly #describe: DescribeEnd | undefined
  readonly #insert: Query
  readonly #due: Query
  readonly #length: Query
  readonly #take: Query
  readonly #claimed: Query
  readonly #nextDue: Query
  readonly #anyDue: Query
  readonly #record: Query
  readonly #ofJob: Query
  readonly #resend: Query
  readonly #counts: Query
  readonly #release: Query
  readonly #delete: Query

  /** @param describe writes what a receiver is told; nobody is told anything without */
  constructor(db: DatabaseSync, describe: DescribeEnd | undefined) {
    this.#describe = describe
    this.#insert = new Query(
      db,
      `INSERT INTO deliveries (id, job, type, url, host, body, state, created_at, due_at, expires_at, token, attempt, retries, attempts)
        VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, 0, 0, 0, '[]')`,
    )
    this.#due = new Query(
      db,
      `SELECT num, host FROM deliveries INDEXED BY deliveries_due WHERE due_at IS NOT NULL AND due_at <= ?
        AND host NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at, num LIMIT ${CLAIM_WINDOW}`,
    )
    this.#length = new Query(db, 'SELECT octet_length(body) FROM deliveries WHERE num = ?')
    this.#take = new Query(db, `UPDATE deliveries SET state = 'sending', token = token + 1, due_at = ? WHERE num = ?`)
    this.#claimed = new Query(db, `SELECT ${CLAIMED_COLUMNS} ${FROM} WHERE d.num = ?`)
    this.#anyDue = new Query(
      db,
      'SELECT 1 FROM deliveries INDEXED BY deliveries_due WHERE due_at IS NOT NULL AND due_at <= ? LIMIT 1',
    )
    this.#nextDue = new Query(
      db,
      `SELECT due_at FROM deliveries INDEXED BY deliveries_due
        WHERE due_at IS NOT NULL AND due_at > ? AND state = 'pending' ORDER BY due_at LIMIT 1`,
    )
    this.#record = new Query(
      db,
      `UPDATE deliveries SET state = ?, due_at = ?, attempt = ?, retries = ?, attempts = ?
        WHERE id = ? AND token = ? AND state = 'sending'`,
    )
    this.#ofJob = new Query(
      db,
      `SELECT ${DELIVERY_COLUMNS} ${FROM} WHERE d.job = (SELECT num FROM jobs WHERE id = ?) ORDER BY d.num DESC`,
    )
    this.#resend = new Query(
      db,
      `UPDATE deliveries SET state = 'pending', due_at = ?, expires_at = ?, retries = 0
        WHERE id = ? AND job = (SELECT num FROM jobs WHERE id = ?) AND state <> 'sending'`,
    )
    this.#counts = new Query(
      db,
      'SELECT count(*), min(due_at) FROM deliveries INDEXED BY deliveries_due WHERE due_at IS NOT NULL',
    )
    this.#release = new Query(
      db,
      `UPDATE deliveries SET state = 'pending', due_at = ? WHERE state = 'sending' AND due_at IS NOT NULL`,
    )
    this.#delete = new Query(db, 'DELETE FROM deliveries WHERE job = ?')
  }

  /** Stores what is to be told of an event, if anything is. */
  tellOf(num: number, event: JobEvent, job: Job): void {
    const delivery = newDelivery(event, job, this.#describe)
    if (delivery === undefined) return
    const { id, type, url, host, body, createdAt, expiresAt } = delivery
    this.#insert.run(id, num, type, url, host, body, createdAt, createdAt, expiresAt)
  }

  /** Takes due deliveries, the longest due first, of each receiver as many as it may have. */
  claim(wish: DeliveryWish, now: number): ClaimedDelivery[] {
    const busy = new Map(wish.busy)
    const nums: number[] = []
    let bytes = 0
    for (const row of this.#due.all(now, JSON.stringify(busyEnough(wish)))) {
      const host = text(row, 1)
      const count = busy.get(host) ?? 0
      if (nums.length >= wish.limit) break
      if (count >= wish.perHost) continue
      const num = integer(row, 0)
      bytes += integer(this.#length.get(num), 0)
      if (nums.length > 0 && bytes > wish.maxBytes) break
      busy.set(host, count + 1)
      nums.push(num)
    }
    for (const num of nums) this.#take.run(now + wish.leaseMs, num)
    return nums.flatMap((num) => this.#claimed.all(num).map(readClaimed))
  }

  /** Whether deliveries are due, and when the next one is that is not due yet. */
  outlook(now: number): { more: boolean; nextDueAt: number | null } {
    const row = this.#nextDue.get(now)
    return { more: this.#anyDue.get(now) !== undefined, nextDueAt: row ? integer(row, 0) : null }
  }

  /** False when somebody else has claimed it since. */
  record(claimed: ClaimedDelivery, outcome: DeliveryOutcome): boolean {
    return this.#record.run(...outcomeValues(claimed, outcome), claimed.id, claimed.token).changes > 0
  }

  list(jobId: string): Delivery[] {
    return this.#ofJob.all(jobId).map(readDelivery)
  }

  resend(jobId: string, id: string, now: number): Delivery | undefined {
    this.#resend.run(now, now + DELIVERY_PERIOD_MS, id, jobId)
    return this.list(jobId).find((delivery) => delivery.id === id)
  }

  counts(): DeliveryCounts {
    const row = this.#counts.get()
    return { pending: integer(row, 0), oldestDueAt: row ? integerOrNull(row, 1) : null }
  }

  /** Nobody tries anything any more: what was being tried is due. */
  release(now: number): void {
    this.#release.run(now)
  }

  delete(num: number): void {
    this.#delete.run(num)
  }
}
