import { LongshoreError } from '../../base/errors.ts'
import {
  ENDED_EXPIRY,
  hasEnded,
  type Ingest,
  type IngestFile,
  type IngestLimits,
  type IngestRecords,
} from '../ingest-records.ts'
import { integer, integerOrNull, type Row, text } from '../record/columns.ts'
import { reusedKey, tooManyIngests, tooManyTenantIngests, uploadDropped } from '../record/refusals.ts'
import { type Database, type Run, storable } from './database.ts'

/** Only openings count what is open: two at once must not pass the limit together. */
const OPENING_LOCK = 0x4c53_4849

/** Upload sessions in the schema of the jobs. */
export class PostgresIngestRecords implements IngestRecords {
  readonly #opened: () => Database

  constructor(opened: () => Database) {
    this.#opened = opened
  }

  async open(ingest: Ingest, limits?: IngestLimits): Promise<{ ingest: Ingest; replayed: boolean }> {
    const { schema, transaction } = this.#reach()
    return transaction(async (run) => {
      if (limits) await refuseFull(run, schema, ingest, limits)
      return (await insert(run, schema, ingest)) ? { ingest, replayed: false } : replay(run, schema, ingest)
    })
  }

  async get(jobId: string): Promise<Ingest | undefined> {
    const { schema, query } = this.#reach()
    return (await select(query, schema, 'job_id = $1', [storable(jobId)]))[0]
  }

  async completeFile(jobId: string, fileId: string, etag: string): Promise<Ingest | undefined> {
    const { schema, query } = this.#reach()
    await query(
      `UPDATE ${schema}.ingest_files SET etag = $3 WHERE id = $2 AND etag IS NULL
        AND ingest = (SELECT num FROM ${schema}.ingests WHERE job_id = $1 AND expires_at <> ${ENDED_EXPIRY} FOR KEY SHARE)`,
      [storable(jobId), storable(fileId), storable(etag)],
    )
    const ingest = await this.get(jobId)
    return ingest && !hasEnded(ingest) ? ingest : undefined
  }

  async extend(jobId: string, expiresAt: number): Promise<boolean> {
    const { schema, query } = this.#reach()
    const extended = await query(
      `UPDATE ${schema}.ingests SET expires_at = greatest(expires_at, $2)
        WHERE job_id = $1 AND closed_at IS NULL AND expires_at <> ${ENDED_EXPIRY} RETURNING 1`,
      [storable(jobId), expiresAt],
    )
    return extended.length > 0
  }

  /** Files that are being completed have locked the row: whether all are is asked once it is this transaction's. */
  end(jobId: string, by?: number): Promise<boolean> {
    const { schema, transaction } = this.#reach()
    return transaction(async (run) => {
      const [row] = await run(`SELECT num FROM ${schema}.ingests WHERE job_id = $1 AND closed_at IS NULL FOR UPDATE`, [
        storable(jobId),
      ])
      if (row === undefined) return false
      const files = `SELECT FROM ${schema}.ingest_files WHERE ingest = $1`
      const ended = await run(
        `UPDATE ${schema}.ingests SET expires_at = ${ENDED_EXPIRY}, idempotency_key = NULL WHERE num = $1
          AND ($2::bigint IS NULL OR expires_at <= $2 AND (expires_at = ${ENDED_EXPIRY}
            OR EXISTS (${files} AND etag IS NULL) OR NOT EXISTS (${files}))) RETURNING 1`,
        [integer(row, 0), by ?? null],
      )
      return ended.length > 0
    })
  }

  async close(jobId: string, closedAt: number): Promise<boolean> {
    const { schema, query } = this.#reach()
    const closed = await query(
      `UPDATE ${schema}.ingests SET closed_at = coalesce(closed_at, $2)
        WHERE job_id = $1 AND expires_at <> ${ENDED_EXPIRY} RETURNING 1`,
      [storable(jobId), closedAt],
    )
    return closed.length > 0
  }

  async forget(jobId: string): Promise<boolean> {
    const { schema, query } = this.#reach()
    const [row] = await query(`DELETE FROM ${schema}.ingests WHERE job_id = $1 RETURNING expires_at`, [storable(jobId)])
    return row !== undefined && integer(row, 0) !== ENDED_EXPIRY
  }

  async listOpen(limit: number): Promise<Ingest[]> {
    const { schema, query } = this.#reach()
    return select(query, schema, 'closed_at IS NULL ORDER BY expires_at, num LIMIT $1', [limit])
  }

  async countOpen(tenant?: string): Promise<number> {
    const { schema, query } = this.#reach()
    return (await lookAtOpen(query, schema, tenant)).open
  }

  #reach(): { schema: string; query: Run; transaction: Database['transaction'] } {
    const db = this.#opened()
    return { schema: db.schema, query: db.query, transaction: (work) => db.transaction(work) }
  }
}

async function refuseFull(run: Run, schema: string, ingest: Ingest, limits: IngestLimits): Promise<void> {
  const { maxOpen, maxOpenOfTenant } = limits
  const { createdAt, draft } = ingest
  await run(`SELECT pg_advisory_xact_lock(${OPENING_LOCK}, hashtext('${schema}'))`)
  const all = await lookAtOpen(run, schema)
  if (all.open >= maxOpen) throw tooManyIngests(all.open, maxOpen, all.firstExpiry - createdAt)
  if (draft.tenant === undefined || maxOpenOfTenant === undefined) return
  const own = await lookAtOpen(run, schema, draft.tenant)
  if (own.open < maxOpenOfTenant) return
  throw tooManyTenantIngests(draft.tenant, maxOpenOfTenant, own.firstExpiry - createdAt)
}

/** How many are open, and when the first of them expires; 0 when none is open. */
async function lookAtOpen(run: Run, schema: string, tenant?: string): Promise<{ open: number; firstExpiry: number }> {
  const open = `SELECT count(*), coalesce(min(expires_at), 0) FROM ${schema}.ingests WHERE closed_at IS NULL`
  const [row] = await (tenant === undefined ? run(open) : run(`${open} AND tenant = $1`, [tenant]))
  return { open: integer(row, 0), firstExpiry: integer(row, 1) }
}

/** False when the job or the idempotency key has an ingest already. */
async function insert(run: Run, schema: string, ingest: Ingest): Promise<boolean> {
  const { idempotency, tenant } = ingest.draft
  const [row] = await run(
    `INSERT INTO ${schema}.ingests (job_id, bucket, created_at, expires_at, closed_at, draft, idempotency_key, request_hash, tenant)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING num`,
    [
      storable(ingest.jobId),
      ingest.bucket,
      ingest.createdAt,
      ingest.expiresAt,
      ingest.closedAt,
      JSON.stringify(ingest.draft),
      storable(idempotency?.key ?? null),
      storable(idempotency?.requestHash ?? null),
      storable(tenant ?? ''),
    ],
  )
  if (row === undefined) return false
  const files = ingest.files.map(({ etag, ...file }, position) => ({
    position,
    id: storable(file.id),
    etag: storable(etag),
    body: JSON.stringify(file),
  }))
  await run(
    `INSERT INTO ${schema}.ingest_files (ingest, position, id, etag, body) SELECT $1, position, id, etag, body
      FROM json_to_recordset($2::json) AS f(position integer, id text, etag text, body text)`,
    [integer(row, 0), JSON.stringify(files)],
  )
  return true
}

async function replay(run: Run, schema: string, ingest: Ingest): Promise<{ ingest: Ingest; replayed: boolean }> {
  const { idempotency, tenant } = ingest.draft
  const keyed = [storable(idempotency?.key ?? null), storable(tenant ?? '')]
  const [byKey] = idempotency ? await select(run, schema, 'idempotency_key = $1 AND tenant = $2', keyed) : []
  if (byKey && byKey.draft.idempotency?.requestHash !== idempotency?.requestHash) {
    throw reusedKey(`the ingest of job ${byKey.jobId}`)
  }
  const first = byKey ?? (await select(run, schema, 'job_id = $1', [storable(ingest.jobId)]))[0]
  if (first?.jobId === ingest.jobId && first.files.length === 0 && ingest.files.length > 0) {
    if (hasEnded(first)) throw uploadDropped()
    await run(`DELETE FROM ${schema}.ingests WHERE job_id = $1`, [storable(ingest.jobId)])
    if (await insert(run, schema, ingest)) return { ingest, replayed: false }
  }
  if (first) return { ingest: first, replayed: true }
  throw new LongshoreError('INTERNAL', `The ingest of job ${ingest.jobId} was neither kept nor found.`)
}

async function select(run: Run, schema: string, where: string, values: readonly unknown[]): Promise<Ingest[]> {
  const rows = await run(
    `SELECT job_id, bucket, created_at, expires_at, closed_at, draft, (SELECT coalesce(json_agg(json_build_array(body, etag)
        ORDER BY position), '[]') FROM ${schema}.ingest_files WHERE ingest = num)::text FROM ${schema}.ingests WHERE ${where}`,
    values,
  )
  return rows.map(readIngest)
}

function readIngest(row: Row): Ingest {
  const files: [string, string | null][] = JSON.parse(text(row, 6))
  return {
    jobId: text(row, 0),
    bucket: text(row, 1),
    createdAt: integer(row, 2),
    expiresAt: integer(row, 3),
    closedAt: integerOrNull(row, 4),
    files: files.map(([body, etag]): IngestFile => ({ ...JSON.parse(body), etag })),
    draft: JSON.parse(text(row, 5)),
  }
}
