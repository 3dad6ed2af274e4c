import { integer, textOrNull } from '../record/columns.ts'
import type { Database, Run } from './database.ts'
import { readStoredJob, STORED_COLUMNS, type StoredJob, storedColumnsOf } from './job-entry.ts'

/** Who claims, and how much. */
export interface ClaimWish {
  worker: string
  count: number
  leaseMs: number
  now: number
  /** Jobs of one named group that may run at once, everywhere; no limit when absent. */
  groupLimit: number | undefined
}

/** Turns are remembered for at most so many priorities; beyond it, all groups begin a new turn. */
const MAX_TURNS = 1_000

/** With a group limit, so many groups of one priority are looked at: those at their limit are stepped over. */
const MOST_GROUPS = 10_000

/** Serialises the claims of those who keep to a group limit: two that count at once would exceed it together. */
const LIMIT_LOCK = 0x4c53_4852

/** One statement's claims. */
interface Batch {
  entries: StoredJob[]
  /** The priority it looked at; null when nothing is ready below the one it was to stay under. */
  priority: number | null
  /** Whether other jobs are ready. */
  more: boolean
}

/**
 * Claims ready jobs: highest priority, then one of each group in turn, then the oldest. Each step is a seek in the index
 * `jobs_ready`, and rows that another replica is claiming are stepped over.
 */
export class Claims {
  readonly #db: Database
  readonly #sql: string
  readonly #lock: string
  /** The group served last, by priority. */
  readonly #turns = new Map<number, string>()

  /** @param owner the row of `counters` that this writer's sums go to */
  constructor(db: Database, owner: string) {
    this.#db = db
    this.#sql = claimSql(db.schema, owner)
    this.#lock = `SELECT pg_advisory_xact_lock(${LIMIT_LOCK}, hashtext('${db.schema}'))`
  }

  /** The next jobs to run, at most `count`, claimed; and whether more are ready. */
  async next(wish: ClaimWish): Promise<{ entries: StoredJob[]; more: boolean }> {
    const entries: StoredJob[] = []
    let below: number | null = null
    for (;;) {
      const batch = await this.#batch({ ...wish, count: wish.count - entries.length }, below)
      entries.push(...batch.entries)
      const isFull = entries.length >= wish.count
      if (isFull || !batch.more || batch.priority === null) return { entries, more: batch.more }
      below = batch.entries.length > 0 ? below : batch.priority
    }
  }

  /** Jobs that were claimed by a worker here and whose claim got no answer. */
  async unanswered(workers: readonly string[], known: readonly string[]): Promise<StoredJob[]> {
    const sql = `SELECT ${STORED_COLUMNS} FROM ${this.#db.schema}.jobs WHERE phase = 2 AND worker = ANY($1) AND id <> ALL($2)`
    return (await this.#db.query(sql, [workers, known])).map(readStoredJob)
  }

  async #batch(wish: ClaimWish, below: number | null): Promise<Batch> {
    if (wish.groupLimit === undefined) return this.#claim(this.#db.queryOften, wish, below)
    return this.#db.transaction(async (run) => {
      await run(this.#lock)
      return this.#claim(run, wish, below)
    })
  }

  async #claim(run: Run, { worker, count, leaseMs, now, groupLimit }: ClaimWish, below: number | null): Promise<Batch> {
    const turns = JSON.stringify(Object.fromEntries(this.#turns))
    const values = [count, worker, now, now + leaseMs, turns, below, groupLimit ?? null]
    const [head, ...rows] = await run(this.#sql, values)
    const priority = head?.[0] === null || head === undefined ? null : integer(head, 0)
    const served = head && textOrNull(head, 2)
    if (priority !== null && typeof served === 'string') this.#remember(priority, served)
    const entries = rows.map((row) => readStoredJob(row.slice(3)))
    return { entries, priority, more: head?.[1] === true }
  }

  #remember(priority: number, group: string): void {
    if (this.#turns.size >= MAX_TURNS) this.#turns.clear()
    this.#turns.set(priority, group)
  }
}

/**
 * The first row tells the priority, whether more is ready, and the group served last; the others are the claimed jobs in
 * order. $1 count, $2 worker, $3 now, $4 end of the lease, $5 turns, $6 priority to stay below, $7 group limit.
 */
function claimSql(schema: string, owner: string): string {
  const ready = `${schema}.jobs WHERE phase = 1`
  const after = (from: string, floor: string): string =>
    `(SELECT grp FROM ${ready} AND priority = (SELECT priority FROM level) AND grp > ${floor} ORDER BY grp LIMIT 1) ${from}`
  const nulls = STORED_COLUMNS.split(', ').map(() => 'NULL')
  return `WITH RECURSIVE level AS (
    SELECT priority, $5::json ->> priority::text AS served FROM (
      SELECT priority FROM ${ready} AND ($6::integer IS NULL OR priority < $6) ORDER BY priority DESC LIMIT 1
    ) highest
  ), busy AS MATERIALIZED (
    SELECT grp, count(*) AS running FROM ${schema}.jobs WHERE $7::bigint IS NOT NULL AND phase = 2 AND grp <> '' GROUP BY grp
  ), turn(grp, place, wrapped) AS (
    SELECT first.grp, 1, first.wrapped FROM (
      SELECT grp, wrapped FROM (
        SELECT ${after('AS grp', '(SELECT served FROM level)')}, false AS wrapped
        UNION ALL
        SELECT (SELECT grp FROM ${ready} AND priority = (SELECT priority FROM level) ORDER BY grp LIMIT 1), true
      ) candidates WHERE grp IS NOT NULL ORDER BY wrapped LIMIT 1
    ) first
    UNION ALL
    SELECT step.grp, turn.place + 1, step.wrapped FROM turn CROSS JOIN LATERAL (
      SELECT grp, wrapped FROM (
        SELECT ${after('AS grp', 'turn.grp')}, turn.wrapped
        UNION ALL
        SELECT (SELECT grp FROM ${ready} AND priority = (SELECT priority FROM level) ORDER BY grp LIMIT 1), true
        WHERE NOT turn.wrapped
      ) candidates WHERE grp IS NOT NULL ORDER BY wrapped LIMIT 1
    ) step
    WHERE turn.place < CASE WHEN $7::bigint IS NULL THEN $1 ELSE ${MOST_GROUPS} END
      AND NOT (step.wrapped AND step.grp > coalesce((SELECT served FROM level), step.grp))
  ), allowed AS MATERIALIZED (
    SELECT grp, place, allowance FROM (
      SELECT turn.grp, turn.place, CASE WHEN $7::bigint IS NULL OR turn.grp = '' THEN $1::bigint
        ELSE least($1, $7 - coalesce(busy.running, 0)) END AS allowance
      FROM turn LEFT JOIN busy ON busy.grp = turn.grp
    ) each WHERE allowance > 0 ORDER BY place LIMIT $1
  ), share AS (
    SELECT ceil($1::numeric / greatest(1, count(*)))::bigint AS most FROM allowed
  ), picked AS MATERIALIZED (
    SELECT heads.num, allowed.grp, allowed.place, heads.rank FROM allowed CROSS JOIN LATERAL (
      SELECT num, row_number() OVER (ORDER BY run_at, num) AS rank FROM (
        SELECT num, run_at FROM ${ready} AND priority = (SELECT priority FROM level) AND grp = allowed.grp
        ORDER BY run_at, num LIMIT least((SELECT most FROM share), allowed.allowance) FOR UPDATE SKIP LOCKED
      ) locked
    ) heads
    ORDER BY heads.rank, allowed.place LIMIT $1
  ), claimed AS (
    UPDATE ${schema}.jobs j SET phase = 2, revision = j.revision + 1, version = j.version + 1, attempt = j.attempt + 1,
      token = j.token + 1, worker = $2::text, lease_expires_at = $4::bigint, started_at = $3::bigint, updated_at = $3::bigint,
      events = concat(j.events, CASE WHEN j.events <> '' THEN ',' END,
        '[', j.version + 1, ',"job.started",', $3::bigint, ',{"attempt":', j.attempt + 1, ',"worker":', to_json($2::text), '}]')
    FROM picked WHERE j.num = picked.num AND j.phase = 1
    RETURNING picked.rank, picked.place, ${storedColumnsOf('j')}
  ), counted AS (
    INSERT INTO ${schema}.counters AS c (owner, queued, processing, completed, failed, cancelled)
    SELECT '${owner}', -count(*), count(*), 0, 0, 0 FROM claimed HAVING count(*) > 0
    ON CONFLICT (owner) DO UPDATE SET queued = c.queued + excluded.queued, processing = c.processing + excluded.processing
  )
  SELECT (SELECT priority FROM level), EXISTS (SELECT FROM ${ready} AND num NOT IN (SELECT num FROM claimed)),
    (SELECT grp FROM claimed ORDER BY rank DESC, place DESC LIMIT 1), ${nulls.join(', ')}
  UNION ALL
  (SELECT rank::integer, NULL, NULL, ${STORED_COLUMNS} FROM claimed ORDER BY rank, place)`
}
