import type { DatabaseSync } from 'node:sqlite'
import { ENDED_EXPIRY, type Ingest, type IngestFile } from '../ingest-records.ts'
import { integer, integerOrNull, type Row, text, textOrNull } from '../record/columns.ts'
import { Query } from './database.ts'

const COLUMNS = 'num, job_id, bucket, created_at, expires_at, closed_at, draft'

/** The rows of upload sessions and their files. */
export class IngestTable {
  readonly #insert: Query
  readonly #insertFile: Query
  readonly #byJob: Query
  readonly #byKey: Query
  readonly #files: Query
  readonly #complete: Query
  readonly #extend: Query
  readonly #end: Query
  readonly #endExpired: Query
  readonly #close: Query
  readonly #deleteFiles: Query
  readonly #delete: Query
  readonly #open: Query
  readonly #countOpen: Query
  readonly #countOfTenant: Query
  readonly #firstExpiry: Query
  readonly #firstExpiryOfTenant: Query

  constructor(db: DatabaseSync) {
    this.#insert = new Query(
      db,
      `INSERT OR IGNORE INTO ingests (job_id, bucket, created_at, expires_at, closed_at, draft, idempotency_key, request_hash,
        tenant) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#insertFile = new Query(
      db,
      'INSERT INTO ingest_files (ingest, position, id, etag, body) VALUES (?, ?, ?, ?, ?)',
    )
    this.#byJob = new Query(db, `SELECT ${COLUMNS} FROM ingests WHERE job_id = ?`)
    this.#byKey = new Query(db, `SELECT ${COLUMNS}, request_hash FROM ingests WHERE idempotency_key = ? AND tenant = ?`)
    this.#files = new Query(db, 'SELECT body, etag FROM ingest_files WHERE ingest = ? ORDER BY position')
    this.#complete = new Query(
      db,
      `UPDATE ingest_files SET etag = ? WHERE id = ? AND etag IS NULL
        AND ingest = (SELECT num FROM ingests WHERE job_id = ? AND expires_at <> ${ENDED_EXPIRY})`,
    )
    this.#extend = new Query(
      db,
      `UPDATE ingests SET expires_at = max(expires_at, ?)
        WHERE job_id = ? AND closed_at IS NULL AND expires_at <> ${ENDED_EXPIRY}`,
    )
    const end = `UPDATE ingests SET expires_at = ${ENDED_EXPIRY}, idempotency_key = NULL
      WHERE job_id = ? AND closed_at IS NULL`
    const files = 'SELECT 1 FROM ingest_files WHERE ingest = num'
    this.#end = new Query(db, end)
    this.#endExpired = new Query(
      db,
      `${end} AND expires_at <= ? AND (expires_at = ${ENDED_EXPIRY}
        OR EXISTS (${files} AND etag IS NULL) OR NOT EXISTS (${files}))`,
    )
    this.#close = new Query(
      db,
      `UPDATE ingests SET closed_at = coalesce(closed_at, ?) WHERE job_id = ? AND expires_at <> ${ENDED_EXPIRY}`,
    )
    this.#deleteFiles = new Query(
      db,
      'DELETE FROM ingest_files WHERE ingest = (SELECT num FROM ingests WHERE job_id = ?)',
    )
    this.#delete = new Query(db, 'DELETE FROM ingests WHERE job_id = ? RETURNING expires_at')
    const open = 'FROM ingests INDEXED BY ingests_open WHERE closed_at IS NULL'
    this.#open = new Query(db, `SELECT ${COLUMNS} ${open} ORDER BY expires_at, num LIMIT ?`)
    this.#countOpen = new Query(db, `SELECT count(*) ${open}`)
    this.#countOfTenant = new Query(db, `SELECT count(*) ${open} AND tenant = ?`)
    this.#firstExpiry = new Query(db, `SELECT coalesce(min(expires_at), 0) ${open}`)
    this.#firstExpiryOfTenant = new Query(db, `SELECT coalesce(min(expires_at), 0) ${open} AND tenant = ?`)
  }

  /** False when the job or the idempotency key has an ingest already. */
  insert(ingest: Ingest): boolean {
    const { idempotency, tenant } = ingest.draft
    const { changes, num } = this.#insert.run(
      ingest.jobId,
      ingest.bucket,
      ingest.createdAt,
      ingest.expiresAt,
      ingest.closedAt,
      JSON.stringify(ingest.draft),
      idempotency?.key ?? null,
      idempotency?.requestHash ?? null,
      tenant ?? '',
    )
    if (changes === 0) return false
    for (const [position, { etag, ...file }] of ingest.files.entries()) {
      this.#insertFile.run(num, position, file.id, etag, JSON.stringify(file))
    }
    return true
  }

  get(jobId: string): Ingest | undefined {
    return this.#read(this.#byJob.get(jobId))
  }

  /** The ingest that a tenant opened with an idempotency key, and the hash of that request. */
  getByKey(key: string, tenant: string | undefined): { ingest: Ingest; requestHash: string | null } | undefined {
    const row = this.#byKey.get(key, tenant ?? '')
    const ingest = this.#read(row)
    return row && ingest && { ingest, requestHash: textOrNull(row, 7) }
  }

  completeFile(jobId: string, fileId: string, etag: string): void {
    this.#complete.run(etag, fileId, jobId)
  }

  /** False when it was not there to be extended. */
  extend(jobId: string, expiresAt: number): boolean {
    return this.#extend.run(expiresAt, jobId).changes > 0
  }

  /** False when it goes on. */
  end(jobId: string, by: number | undefined): boolean {
    const { changes } = by === undefined ? this.#end.run(jobId) : this.#endExpired.run(jobId, by)
    return changes > 0
  }

  /** False when it was not there to be closed. */
  close(jobId: string, closedAt: number): boolean {
    return this.#close.run(closedAt, jobId).changes > 0
  }

  /** False when it was not there, or had ended. */
  delete(jobId: string): boolean {
    this.#deleteFiles.run(jobId)
    const row = this.#delete.get(jobId)
    return row !== undefined && integer(row, 0) !== ENDED_EXPIRY
  }

  listOpen(limit: number): Ingest[] {
    return this.#open.all(limit).flatMap((row) => this.#read(row) ?? [])
  }

  countOpen(tenant?: string): number {
    return integer(tenant === undefined ? this.#countOpen.get() : this.#countOfTenant.get(tenant), 0)
  }

  /** When the first that is open expires; 0 when none is. */
  firstExpiry(tenant?: string): number {
    return integer(tenant === undefined ? this.#firstExpiry.get() : this.#firstExpiryOfTenant.get(tenant), 0)
  }

  #read(row: Row | undefined): Ingest | undefined {
    if (row === undefined) return undefined
    return {
      jobId: text(row, 1),
      bucket: text(row, 2),
      createdAt: integer(row, 3),
      expiresAt: integer(row, 4),
      closedAt: integerOrNull(row, 5),
      files: this.#files.all(integer(row, 0)).map(readFile),
      draft: JSON.parse(text(row, 6)),
    }
  }
}

function readFile(row: Row): IngestFile {
  return { ...JSON.parse(text(row, 0)), etag: textOrNull(row, 1) }
}
