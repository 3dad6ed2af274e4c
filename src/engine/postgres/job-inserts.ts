import { type Clock, sleep } from '../../base/clock.ts'
import { LongshoreError } from '../../base/errors.ts'
import { isEmpty } from '../../base/is-empty.ts'
import type { Job, NewJob } from '../../job/job.ts'
import type { QueueLimits } from '../job-engine.ts'
import { integer, integerOrNull, type Row, textOrNull } from '../record/columns.ts'
import { freshJob } from '../record/fresh-job.ts'
import { PHASE } from '../record/phase.ts'
import { storeProcessor } from '../record/processor-column.ts'
import { queueFull, reusedKey, tenantQueueFull } from '../record/refusals.ts'
import { storeResources } from '../record/resources-column.ts'
import { queuedEvent } from '../record/row-events.ts'
import { type Database, type Run, storable } from './database.ts'
import { isStatementFault } from './database-error.ts'
import type { KeptSlots } from './dispatcher.ts'
import type { News } from './job-draft.ts'
import { readStoredJob, STORED_COLUMNS, type StoredJob } from './job-entry.ts'
import { Lane, type LaneTask } from './lane.ts'
import { bornJob } from './newborn.ts'

/** A job that is to be kept. */
interface Asked {
  job: NewJob
  limits: QueueLimits
}

/** One that waits for its round. */
interface Insert extends Asked, LaneTask {
  resolve(answer: { job: Job; replayed: boolean }): void
}

/** For jobs that are kept whatever waits. */
export const NO_LIMITS: QueueLimits = { maxQueued: Number.MAX_SAFE_INTEGER }

/** One round takes at most so many, so that no single statement holds the others up. */
const ROUND = 500

/** A claim that may take all that is ready is waited for no longer than this, in ms: it may wait for somebody itself. */
const PATIENCE_MS = 50

/** What the lane of inserts needs. */
export interface JobInsertsParts {
  db: Database
  clock: Clock
  /** The row of `counters` that this writer's sums go to. */
  owner: string
  /** A FROM item that rings for workers. */
  ring: string
  /** Hears what was written, before whoever asked for it. */
  publish(news: readonly News[]): void
  /** A claim under way after which nothing may be ready; undefined when there is none, or it is not worth waiting for. */
  emptying(): Promise<void> | undefined
  /** Keeps free slots for some of those that are due. */
  keepSlots(due: readonly NewJob[], now: number): KeptSlots | undefined
  /** Hears that some of them are ready. */
  ready(): void
}

/** New jobs. Those that many requests bring at one moment are one statement, which rings for workers too. */
export class JobInserts {
  readonly #parts: JobInsertsParts
  readonly #lane: Lane<Insert>
  readonly #insert: string
  /** With a row of counters of its own: that of {@link #insert} would keep the lane waiting until the transaction ends. */
  readonly #insertWithin: string
  readonly #known: string

  constructor(parts: JobInsertsParts) {
    const { schema } = parts.db
    this.#parts = parts
    this.#lane = new Lane((inserts) => this.#round(inserts))
    this.#insert = insertSql(schema, parts.owner, parts.ring)
    this.#insertWithin = insertSql(schema, `${parts.owner}:within`, parts.ring)
    this.#known = `SELECT idempotency_key, request_hash, ${STORED_COLUMNS} FROM ${schema}.jobs
      WHERE id = ANY($1) OR idempotency_key = ANY($2)`
  }

  /** Keeps a job; a known id or idempotency key answers the job that is there. Throws `IDEMPOTENCY_KEY_REUSED`, `QUEUE_FULL`. */
  insert(job: NewJob, limits: QueueLimits = NO_LIMITS): Promise<{ job: Job; replayed: boolean }> {
    return new Promise((resolve, reject) => this.#lane.add({ job, limits, resolve, reject }))
  }

  /** Keeps new jobs within a transaction, all or none; once that is committed, call `committed`. Throws `QUEUE_FULL`. */
  async insertWithin(run: Run, asked: readonly Asked[]): Promise<void> {
    if (asked.length === 0) return
    const answer = await run(this.#insertWithin, this.#values(asked, this.#parts.clock.now()))
    const kept = new Set(answer.flatMap((row) => integerOrNull(row, 1) ?? []))
    const place = asked.findIndex((_, place) => !kept.has(place))
    const refused = asked[place]
    if (refused) throw refusal(refused, integer(answer[0], 0) + place)
  }

  /** Tells of jobs that a committed transaction kept. */
  committed(jobs: readonly NewJob[]): void {
    this.#publish(jobs.map(freshJob))
    this.#tellOfReady(jobs, this.#parts.clock.now())
  }

  close(reason: Error): Promise<void> {
    return this.#lane.close(reason)
  }

  async #round(inserts: readonly Insert[]): Promise<void> {
    for (let from = 0; from < inserts.length; from += ROUND) {
      const some = inserts.slice(from, from + ROUND)
      await this.#emptied(some)
      await this.#together(some)
    }
  }

  /** Lets a claim go first that may take all that is ready: what is due is then claimed with its insert. */
  async #emptied(inserts: readonly Insert[]): Promise<void> {
    const { clock, emptying } = this.#parts
    const isAnyDue = inserts.some(({ job }) => isDue(job, clock.now()))
    const claim = isAnyDue ? emptying() : undefined
    if (claim === undefined) return
    const claimed = new AbortController()
    await Promise.race([claim, sleep(clock, PATIENCE_MS, claimed.signal).catch(() => {})])
    claimed.abort()
  }

  async #together(inserts: readonly Insert[]): Promise<void> {
    try {
      await this.#write(inserts)
    } catch (thrown) {
      const isOneAtFault = thrown instanceof LongshoreError && isStatementFault(thrown.cause) && inserts.length > 1
      for (const insert of inserts) {
        if (isOneAtFault) await this.#together([insert])
        else insert.reject(thrown)
      }
    }
  }

  async #write(inserts: readonly Insert[]): Promise<void> {
    const now = this.#parts.clock.now()
    const due = inserts.flatMap(({ job }) => (isDue(job, now) ? job : []))
    const slots = this.#parts.keepSlots(due, now)
    const answer = await this.#parts.db
      .queryOften(this.#insert, this.#values(inserts, now, slots))
      .catch((thrown: unknown) => {
        slots?.fail()
        throw thrown
      })
    const kept = answer.flatMap((row) => keptOf(row) ?? [])
    const places = new Set(kept.map(({ place }) => place))
    this.#tell(inserts.filter((_, place) => places.has(place)))
    slots?.begin(bornOf(inserts, kept, slots))
    if (kept.some(({ phase }) => phase === PHASE.ready)) this.#parts.ready()
    const rest = inserts.filter((_, place) => !places.has(place))
    if (rest.length > 0) await this.#answerKnown(rest, integer(answer[0], 0))
  }

  /** What the statement takes. */
  #values(asked: readonly Asked[], now: number, slots?: KeptSlots): unknown[] {
    const rows = asked.map(({ job, limits }, place) => ({
      ...rowOf(job, place, now),
      tenant_limit: limits.maxQueuedOfTenant,
      ...(slots?.jobs.has(job) && { claims: true }),
    }))
    const values = [JSON.stringify(rows), Math.min(...asked.map(({ limits }) => limits.maxQueued))]
    if (slots === undefined) return [...values, null, null, null, null]
    const { worker, leaseMs, events } = slots.claim
    return [...values, worker, now, now + leaseMs, events]
  }

  #tell(fresh: readonly Insert[]): void {
    const jobs = fresh.map(({ job }) => freshJob(job))
    this.#publish(jobs)
    for (const [place, insert] of fresh.entries()) insert.resolve({ job: jobs[place] as Job, replayed: false })
  }

  #publish(jobs: readonly Job[]): void {
    this.#parts.publish(jobs.map((job) => ({ event: queuedEvent(job), job })))
  }

  #tellOfReady(jobs: readonly Pick<Job, 'runAt' | 'createdAt'>[], now: number): void {
    if (jobs.some((job) => isDue(job, now))) this.#parts.ready()
  }

  async #answerKnown(inserts: readonly Insert[], queued: number): Promise<void> {
    const keys = inserts.flatMap(({ job }) => job.idempotency?.key ?? [])
    const ids = inserts.map(({ job }) => job.id)
    const rows = await this.#parts.db.query(this.#known, [ids, keys.map((key) => storable(key))])
    const known = rows.map((row) => ({
      key: textOrNull(row, 0),
      hash: textOrNull(row, 1),
      entry: readStoredJob(row.slice(2)),
    }))
    for (const insert of inserts) answerKnown(insert, known, queued)
  }
}

interface Known {
  key: string | null
  hash: string | null
  entry: StoredJob
}

function answerKnown(insert: Insert, known: readonly Known[], queued: number): void {
  const { job, resolve, reject } = insert
  const { idempotency, tenant } = job
  const isOwn = ({ key, entry }: Known): boolean =>
    key === storable(idempotency?.key ?? null) && entry.job.tenant === storable(tenant ?? null)
  const byKey = idempotency && known.find(isOwn)
  const first = byKey ?? known.find(({ entry }) => entry.job.id === job.id)
  if (byKey && byKey.hash !== idempotency.requestHash) reject(reusedKey(`job ${byKey.entry.job.id}`))
  else if (first) resolve({ job: first.entry.job, replayed: true })
  else reject(refusal(insert, queued))
}

/** A job that was not kept and is not known met a full queue: that of all, or that of its tenant. */
function refusal({ job: { tenant }, limits: { maxQueued, maxQueuedOfTenant } }: Asked, queued: number): LongshoreError {
  const isTenantFull = tenant !== undefined && maxQueuedOfTenant !== undefined && queued < maxQueued
  return isTenantFull ? tenantQueueFull(tenant, maxQueuedOfTenant) : queueFull(queued, maxQueued)
}

/** A job that was kept: which of those that were asked for, and how. */
interface Kept {
  place: number
  num: number
  phase: number
}

function keptOf(row: Row): Kept | undefined {
  return row[1] === null ? undefined : { place: integer(row, 1), num: integer(row, 2), phase: integer(row, 3) }
}

/** The jobs that were claimed, in the order of a claim: some may wait for runs to end. */
function bornOf(asked: readonly Asked[], kept: readonly Kept[], { jobs, claim }: KeptSlots): StoredJob[] {
  const numbers = new Map<NewJob | undefined, number>()
  for (const { place, num, phase } of kept) if (phase === PHASE.processing) numbers.set(asked[place]?.job, num)
  return [...jobs].flatMap((job) => {
    const num = numbers.get(job)
    return num === undefined ? [] : bornJob(job, num, claim)
  })
}

function isDue({ runAt, createdAt }: Pick<Job, 'runAt' | 'createdAt'>, now: number): boolean {
  return runAt <= Math.max(now, createdAt)
}

/** A column that is left out is NULL, or the default that the statement names, at no cost of being sent and read. */
function rowOf(job: NewJob, place: number, now: number) {
  return {
    place,
    phase: isDue(job, now) ? undefined : PHASE.delayed,
    id: job.id,
    created_at: job.createdAt,
    run_at: job.runAt === job.createdAt ? undefined : job.runAt,
    priority: job.priority === 0 ? undefined : job.priority,
    grp: storable(job.group) ?? undefined,
    labels: isEmpty(job.labels) ? undefined : JSON.stringify(job.labels),
    processor: storeProcessor(job.processor),
    manifest: JSON.stringify(job.manifest),
    parameters: job.parameters === null ? undefined : JSON.stringify(job.parameters),
    max_attempts: job.maxAttempts,
    timeout_ms: job.timeoutMs,
    idempotency_key: storable(job.idempotency?.key ?? null) ?? undefined,
    request_hash: storable(job.idempotency?.requestHash ?? null) ?? undefined,
    traceparent: job.traceparent,
    tenant: storable(job.tenant ?? null) ?? undefined,
    callback_url: job.callbackUrl,
    schedule: job.schedule?.name,
    tick: job.schedule?.tick,
    resources: storeResources(job.resources ?? null) || undefined,
  }
}

/**
 * $1 the rows, $2 how many jobs may wait. Rows that claim are claimed unless another job is ready: by the worker $3, now $4, until
 * $5, with the events $6. The first row of the answer tells how many waited before; the others place, number and phase of each job that was kept.
 */
function insertSql(schema: string, owner: string, ring: string): string {
  const given = `id, created_at, run_at, priority, grp, labels, processor, manifest, parameters, max_attempts,
    timeout_ms, idempotency_key, request_hash, traceparent, tenant, callback_url, schedule, tick,
    resources`
  const atBirth = 'version, revision, phase, attempt, token, updated_at, worker, started_at, lease_expires_at, events'
  return `WITH input AS MATERIALIZED (
    SELECT place, coalesce(phase, ${PHASE.ready}) AS phase, id, created_at, coalesce(run_at, created_at) AS run_at,
      coalesce(priority, 0) AS priority, coalesce(grp, '') AS grp, labels, processor, manifest, parameters, max_attempts,
      timeout_ms, idempotency_key, request_hash, traceparent, coalesce(tenant, '') AS tenant, tenant_limit, callback_url,
      schedule, tick, coalesce(resources, '') AS resources, claims
    FROM json_to_recordset($1::json) AS x(place integer, phase smallint, id text, created_at bigint, run_at bigint,
      priority integer, grp text, labels text, processor text, manifest text, parameters text, max_attempts integer,
      timeout_ms bigint, idempotency_key text, request_hash text, traceparent text, tenant text, tenant_limit bigint, callback_url text,
      schedule text, tick bigint, resources text, claims boolean)
  ), claiming AS MATERIALIZED (
    SELECT $3::text IS NOT NULL AND NOT EXISTS (SELECT FROM ${schema}.jobs WHERE phase = ${PHASE.ready}) AS may
  ), room AS MATERIALIZED (
    SELECT coalesce(sum(queued), 0) AS queued, $2::bigint - coalesce(sum(queued), 0) AS jobs FROM ${schema}.counters
  ), tenant_room AS MATERIALIZED (
    SELECT tenant AS of, max(tenant_limit) - (SELECT count(*) FROM (SELECT FROM ${schema}.jobs j WHERE j.tenant = input.tenant
      AND j.tenant <> '' AND j.phase <= 1 LIMIT max(input.tenant_limit)) waiting) AS jobs
    FROM input WHERE tenant_limit IS NOT NULL AND tenant <> '' GROUP BY tenant
  ), fresh AS (
    SELECT input.*, row_number() OVER (ORDER BY place) AS nth,
      row_number() OVER (PARTITION BY input.tenant ORDER BY place) AS nth_of_tenant FROM input, room
    WHERE CASE WHEN room.jobs >= (SELECT count(*) FROM input) AND NOT EXISTS (SELECT FROM tenant_room) THEN true ELSE NOT EXISTS (SELECT FROM ${schema}.jobs j
      WHERE j.id = input.id OR (j.idempotency_key = input.idempotency_key AND j.tenant = input.tenant)) END
  ), kept AS (
    INSERT INTO ${schema}.jobs (failed_files_only, attempt_base, files_total, files_done, files_failed, files_bytes, ${given}, ${atBirth})
    SELECT 0, 0, 0, 0, 0, 0, ${given}, birth.*
    FROM fresh LEFT JOIN tenant_room ON of = fresh.tenant, room, claiming CROSS JOIN LATERAL (
      SELECT 2, 1, ${PHASE.processing}, 1, 1, $4::bigint, $3::text, $4::bigint, $5::bigint, $6::text
      WHERE claims AND claiming.may
      UNION ALL
      SELECT 1, 0, phase, 0, 0, created_at, NULL, NULL, NULL, NULL WHERE NOT (coalesce(claims, false) AND claiming.may)
    ) birth
    WHERE nth <= room.jobs AND nth_of_tenant <= coalesce(tenant_room.jobs, nth_of_tenant)
    ORDER BY idempotency_key, tenant, place
    ON CONFLICT DO NOTHING
    RETURNING id, phase, num
  ), counted AS (
    INSERT INTO ${schema}.counters AS c (owner, queued, processing, completed, failed, cancelled)
    SELECT '${owner}', count(*) FILTER (WHERE kept.phase < ${PHASE.processing}),
      count(*) FILTER (WHERE kept.phase = ${PHASE.processing}), 0, 0, 0 FROM kept HAVING count(*) > 0
    ON CONFLICT (owner) DO UPDATE SET queued = c.queued + excluded.queued, processing = c.processing + excluded.processing
  )
  SELECT queued, NULL, NULL, NULL FROM room
  UNION ALL SELECT NULL, min(place), min(kept.num), min(kept.phase) FROM kept JOIN input USING (id) GROUP BY id
  UNION ALL SELECT NULL, NULL, NULL, NULL FROM (SELECT FROM kept WHERE kept.phase = ${PHASE.ready} LIMIT 1) ready CROSS JOIN LATERAL
    ${ring} rung`
}
