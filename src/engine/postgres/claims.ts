import { mostRunning } from '../../access/tenant-limits.ts'
import { tenantOfGroup } from '../../job/queue-group.ts'
import { fits, leftOf, type Resources } from '../../job/resources.ts'
import type { Admission, Size } from '../admission.ts'
import { integer, type Row, text } from '../record/columns.ts'
import { PHASE } from '../record/phase.ts'
import { readResources, storeResources } from '../record/resources-column.ts'
import { isLimited, type RunningLimits } from '../running-limits.ts'
import { TurnsTaken } from '../turns-taken.ts'
import { claimSql, MOST_SIZES, nextSql } from './claim-sql.ts'
import type { Database, Run } from './database.ts'
import { readStoredJob, STORED_COLUMNS, type StoredJob } from './job-entry.ts'

/** Who claims, and how much. */
export interface ClaimWish {
  worker: string
  count: number
  leaseMs: number
  now: number
  limits: RunningLimits
  /** What there is for them. */
  admission: Admission
}

/** Serialises the claims of those who keep to a limit: two that count at once would exceed it together. */
const LIMIT_LOCK = 0x4c53_4852

/** Sizes may come and go while a claim looks for them: it tries again so often before it lets others have their turn. */
const MOST_TRIES = 10

/** Which jobs one statement looks at. */
interface Choice {
  count: number
  sizes: readonly string[]
  room: Resources
  below: number | null
  above: number | null
}

/** One statement's claims. */
interface Batch {
  entries: StoredJob[]
  /** The priority it looked at; null when nothing that is wanted is ready below the one it was to stay under. */
  priority: number | null
  /** Whether other jobs are ready. */
  more: boolean
  /** Sizes are ready that were not known: nothing was claimed. */
  isOutdated: boolean
}

/** A ready job, as far as it is looked at without being claimed. */
interface Seen {
  num: number
  priority: number
  group: string
  needs: Resources | null
}

/**
 * Claims ready jobs that fit: highest priority, then one of each group in turn, then the oldest. Each step is a seek in
 * the index `jobs_ready` for each size, and rows that another replica is claiming are stepped over.
 */
export class Claims {
  readonly #db: Database
  readonly #claimSql: string
  readonly #nextSql: string
  readonly #lock: string
  readonly #turns = new TurnsTaken()
  /** The sizes that were ready the last time, but for that of jobs that need nothing. */
  #sizes: Size[] = []
  /** Where the next look at more than 200 sizes goes on. */
  #after = ''

  /** @param owner the row of `counters` that this writer's sums go to */
  constructor(db: Database, owner: string) {
    this.#db = db
    this.#claimSql = claimSql(db.schema, owner)
    this.#nextSql = nextSql(db.schema)
    this.#lock = `SELECT pg_advisory_xact_lock(${LIMIT_LOCK}, hashtext('${db.schema}'))`
  }

  /** Whether jobs were ready the last time that take something of a worker. */
  get knowsSizes(): boolean {
    return this.#sizes.length > 0
  }

  /** The next jobs to run, at most `count`, claimed; and whether more are ready. */
  async next(wish: ClaimWish): Promise<{ entries: StoredJob[]; more: boolean }> {
    const entries: StoredJob[] = []
    let room = wish.admission.room
    let below: number | null = null
    for (let tries = MOST_TRIES; ; ) {
      const count = wish.count - entries.length
      const batch = await this.#admitted(wish, { count, room, below })
      if (batch.isOutdated && --tries > 0) continue
      entries.push(...batch.entries)
      for (const { job } of batch.entries) room = leftOf(room, job.resources)
      const isFull = entries.length >= wish.count
      if (isFull || !batch.more || batch.priority === null) return { entries, more: batch.more }
      below = batch.entries.length > 0 ? below : batch.priority
    }
  }

  /** Notes whose turn it was: that of jobs which were claimed as they were inserted. */
  served(entries: readonly StoredJob[]): void {
    for (const { job } of entries) this.#turns.served(job.priority, job.group ?? '')
  }

  /** Jobs that were claimed by a worker here and whose claim got no answer. */
  async unanswered(workers: readonly string[], known: readonly string[]): Promise<StoredJob[]> {
    const sql = `SELECT ${STORED_COLUMNS} FROM ${this.#db.schema}.jobs WHERE phase = 2 AND worker = ANY($1) AND id <> ALL($2)`
    return (await this.#db.query(sql, [workers, known])).map(readStoredJob)
  }

  /** Claims what fits, but nothing behind a job that room is kept for. */
  async #admitted(wish: ClaimWish, choice: Pick<Choice, 'count' | 'room' | 'below'>): Promise<Batch> {
    const { admission } = wish
    const { fitting, blocked } = admission.sort([{ key: '', needs: null }, ...this.#sizes], choice.room)
    const large =
      blocked.length > 0 || admission.reserved !== undefined ? await this.#reservedFor(wish, blocked) : undefined
    const above = large?.priority ?? null
    const batch = await this.#batch(wish, { ...choice, above, sizes: fitting.map(({ key }) => key) })
    if (large === undefined || batch.entries.length > 0 || batch.isOutdated) return batch
    if (!fits(large.needs, choice.room)) return batch
    const own = await this.#claimLarge(wish, choice.room, large)
    return own.entries.length > 0 ? own : batch
  }

  /**
   * Claims the next job of the size and priority of one that room was kept for: soon, or now, that is this one. Those of a
   * higher priority that could run were claimed before.
   */
  async #claimLarge(wish: ClaimWish, room: Resources, { num, needs, priority }: Seen): Promise<Batch> {
    const sizes = [storeResources(needs)]
    const batch = await this.#batch(wish, { count: 1, room, sizes, below: priority + 1, above: priority - 1 })
    if (batch.entries.some((entry) => entry.num === num)) wish.admission.endReservation()
    return batch
  }

  /** The job that room is kept for, if it still waits and nothing but room keeps it from running. */
  async #reservedFor(wish: ClaimWish, blocked: readonly Size[]): Promise<Seen | undefined> {
    const { admission, now } = wish
    if (admission.reserved !== undefined) {
      const seen = await this.#look(admission.reserved)
      if (seen && fits(seen.needs, admission.budget))
        return (await this.#isAtLimit(seen.group, wish)) ? undefined : seen
      admission.endReservation()
    }
    const sizes = blocked.map(({ key }) => key)
    const { groupLimit = null } = wish.limits
    const values = [1, JSON.stringify(this.#turns), null, null, groupLimit, sizes, storeLimits(wish.limits)]
    const [row] = blocked.length === 0 ? [] : await this.#db.query(this.#nextSql, values)
    const first = row && readSeen(row)
    return first && admission.isDueForReservation(first.num, now) ? first : undefined
  }

  async #look(num: number): Promise<Seen | undefined> {
    const sql = `SELECT num, priority, grp, resources FROM ${this.#db.schema}.jobs WHERE num = $1 AND phase = ${PHASE.ready}`
    const [row] = await this.#db.query(sql, [num])
    return row && readSeen(row)
  }

  async #isAtLimit(group: string, { limits: { groupLimit = Infinity, tenantLimits } }: ClaimWish): Promise<boolean> {
    const tenant = tenantOfGroup(group)
    const ofTenant = tenant === undefined || tenantLimits === undefined ? Infinity : mostRunning(tenantLimits, tenant)
    if (group === '' || (groupLimit === Infinity && ofTenant === Infinity)) return false
    const sql = `SELECT count(*) FILTER (WHERE grp = $1), count(*) FILTER (WHERE tenant = $2) FROM ${this.#db.schema}.jobs
      WHERE phase = ${PHASE.processing}`
    const [row] = await this.#db.query(sql, [group, tenant ?? null])
    return integer(row, 0) >= groupLimit || integer(row, 1) >= ofTenant
  }

  async #batch(wish: ClaimWish, choice: Choice): Promise<Batch> {
    if (!isLimited(wish.limits)) return this.#claim(this.#db.queryOften, wish, choice)
    return this.#db.transactOften(async (run) => {
      await run(this.#lock)
      return this.#claim(run, wish, choice)
    })
  }

  async #claim(run: Run, { worker, leaseMs, now, limits }: ClaimWish, choice: Choice): Promise<Batch> {
    const { count, sizes, room, below, above } = choice
    const known = this.#sizes.map(({ key }) => key)
    const free = [room.cpu, room.memoryBytes, room.scratchBytes]
    const order = [count, JSON.stringify(this.#turns), below, above, limits.groupLimit ?? null, sizes]
    const lease = [worker, now, now + leaseMs, storeLimits(limits)]
    const [head, ...rows] = await run(this.#claimSql, [...order, ...free, known, this.#after, ...lease])
    const isOutdated = this.#learnSizes(head?.[2] as string[], known)
    const priority = head?.[0] === null || head === undefined ? null : integer(head, 0)
    const entries = rows.map((row) => readStoredJob(row.slice(3)))
    this.served(entries)
    return { entries, priority, more: head?.[1] === true, isOutdated }
  }

  /** Takes up which sizes are ready. True when one of them was not known. */
  #learnSizes(present: readonly string[], known: readonly string[]): boolean {
    const isOutdated = present.some((key) => !known.includes(key))
    const isCut = present.length >= MOST_SIZES || this.#after !== ''
    if (isOutdated || present.length !== known.length) {
      this.#sizes = present.map((key) => ({ key, needs: readResources(key) }))
    }
    if (isCut && !isOutdated) this.#after = present.length >= MOST_SIZES ? (present.at(-1) ?? '') : ''
    return isOutdated
  }
}

/** The limits of tenants, as a claim takes them; the default as `null` where there is none. */
function storeLimits({ tenantLimits }: RunningLimits): string | null {
  if (tenantLimits === undefined) return null
  const own = [...tenantLimits.own].map(([tenant, most]) => [tenant, most ?? null])
  return JSON.stringify({ each: tenantLimits.each ?? null, own: Object.fromEntries(own) })
}

function readSeen(row: Row): Seen {
  return { num: integer(row, 0), priority: integer(row, 1), group: text(row, 2), needs: readResources(text(row, 3)) }
}
