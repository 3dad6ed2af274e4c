import { LongshoreError } from '../../base/errors.ts'
import { hasEnded, type Ingest, type IngestLimits, type IngestRecords } from '../ingest-records.ts'
import { reusedKey, tooManyIngests, tooManyTenantIngests, uploadDropped } from '../record/refusals.ts'
import type { IngestTable } from './ingest-table.ts'

/** The engine's way to its tables; writes join its group commit. */
export interface IngestAccess {
  read<Answer>(look: (ingests: IngestTable) => Answer): Answer
  write<Answer>(change: (ingests: IngestTable) => Answer | LongshoreError): Promise<Answer>
}

/** Upload sessions in the embedded engine's file. */
export class SqliteIngestRecords implements IngestRecords {
  readonly #access: IngestAccess

  constructor(access: IngestAccess) {
    this.#access = access
  }

  open(ingest: Ingest, limits?: IngestLimits): Promise<{ ingest: Ingest; replayed: boolean }> {
    return this.#access.write((ingests) => fullError(ingests, ingest, limits) ?? openIngest(ingests, ingest))
  }

  async get(jobId: string): Promise<Ingest | undefined> {
    return this.#access.read((ingests) => ingests.get(jobId))
  }

  completeFile(jobId: string, fileId: string, etag: string): Promise<Ingest | undefined> {
    return this.#access.write((ingests) => {
      ingests.completeFile(jobId, fileId, etag)
      const ingest = ingests.get(jobId)
      return ingest && !hasEnded(ingest) ? ingest : undefined
    })
  }

  extend(jobId: string, expiresAt: number): Promise<boolean> {
    return this.#access.write((ingests) => ingests.extend(jobId, expiresAt))
  }

  end(jobId: string, by?: number): Promise<boolean> {
    return this.#access.write((ingests) => ingests.end(jobId, by))
  }

  close(jobId: string, closedAt: number): Promise<boolean> {
    return this.#access.write((ingests) => ingests.close(jobId, closedAt))
  }

  forget(jobId: string): Promise<boolean> {
    return this.#access.write((ingests) => ingests.delete(jobId))
  }

  async listOpen(limit: number): Promise<Ingest[]> {
    return this.#access.read((ingests) => ingests.listOpen(limit))
  }

  async countOpen(tenant?: string): Promise<number> {
    return this.#access.read((ingests) => ingests.countOpen(tenant))
  }
}

function fullError(
  ingests: IngestTable,
  { createdAt, draft: { tenant } }: Ingest,
  limits: IngestLimits | undefined,
): LongshoreError | undefined {
  if (limits === undefined) return undefined
  const { maxOpen, maxOpenOfTenant } = limits
  const open = ingests.countOpen()
  if (open >= maxOpen) return tooManyIngests(open, maxOpen, ingests.firstExpiry() - createdAt)
  const isTenantFull =
    tenant !== undefined && maxOpenOfTenant !== undefined && ingests.countOpen(tenant) >= maxOpenOfTenant
  if (!isTenantFull) return undefined
  return tooManyTenantIngests(tenant, maxOpenOfTenant, ingests.firstExpiry(tenant) - createdAt)
}

function openIngest(ingests: IngestTable, ingest: Ingest): { ingest: Ingest; replayed: boolean } | LongshoreError {
  if (ingests.insert(ingest)) return { ingest, replayed: false }
  const { idempotency, tenant } = ingest.draft
  const known = idempotency && ingests.getByKey(idempotency.key, tenant)
  if (known && known.requestHash !== idempotency?.requestHash) {
    return reusedKey(`the ingest of job ${known.ingest.jobId}`)
  }
  const first = known?.ingest ?? ingests.get(ingest.jobId)
  if (first?.jobId === ingest.jobId && first.files.length === 0 && ingest.files.length > 0) {
    if (hasEnded(first)) return uploadDropped()
    ingests.delete(ingest.jobId)
    return openIngest(ingests, ingest)
  }
  if (first) return { ingest: first, replayed: true }
  return new LongshoreError('INTERNAL', `The ingest of job ${ingest.jobId} was neither kept nor found.`)
}
