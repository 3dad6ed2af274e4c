import { LongshoreError } from '../../base/errors.ts'
import { isFinal, type Job, type NewJob } from '../../job/job.ts'
import type { QueueLimits } from '../job-engine.ts'
import { cancelAsked, requeued } from '../record/job-changes.ts'
import { queueFull, reusedKey, tenantQueueFull } from '../record/refusals.ts'
import type { EngineParts } from './engine-parts.ts'

type Kept = Pick<EngineParts, 'records' | 'table' | 'files' | 'logs'>

/** Keeps a new job; a known id or idempotency key answers the job that is there, or the error that refuses it. */
export function insertJob(
  kept: Kept,
  submitted: NewJob,
  { maxQueued, maxQueuedOfTenant }: QueueLimits = { maxQueued: Number.POSITIVE_INFINITY },
): { job: Job; replayed: boolean } | LongshoreError {
  const queued = kept.records.queuedCount
  if (queued >= maxQueued) return replay(kept, submitted) ?? queueFull(queued, maxQueued)
  const { tenant } = submitted
  if (tenant !== undefined && maxQueuedOfTenant !== undefined && kept.table.isQueueFull(tenant, maxQueuedOfTenant)) {
    return replay(kept, submitted) ?? tenantQueueFull(tenant, maxQueuedOfTenant)
  }
  const inserted = kept.records.insert(submitted)
  if (inserted) return { job: inserted.job, replayed: false }
  return replay(kept, submitted) ?? new LongshoreError('INTERNAL', `Job ${submitted.id} was neither kept nor found.`)
}

function replay(
  { records, table }: Kept,
  { id, tenant, idempotency }: NewJob,
): { job: Job; replayed: boolean } | LongshoreError | undefined {
  const known = idempotency && table.getByKey(idempotency.key, tenant)
  if (known && known.requestHash !== idempotency.requestHash) {
    return reusedKey(`job ${known.entry.job.id}`)
  }
  const job = records.current(known?.entry.job.id ?? id)?.job
  return job && { job, replayed: true }
}

/** A queued job is cancelled at once, a processing one is marked; a final one is left. */
export function cancelJob({ records }: Kept, id: string, now: number): Job | undefined {
  const entry = records.current(id)
  if (entry === undefined) return undefined
  const fact = cancelAsked(entry.job, now)
  return fact ? records.record(entry, fact).job : entry.job
}

/** A failed or cancelled job is queued again; unless only its failed files are to be worked on, without its ledger. */
export function requeueJob(
  { records, files }: Kept,
  id: string,
  now: number,
  failedFilesOnly: boolean,
): Job | undefined {
  const entry = records.current(id)
  if (entry === undefined) return undefined
  const fact = requeued(entry.job, failedFilesOnly, now)
  if (fact === undefined) return entry.job
  if (!failedFilesOnly) files.delete(entry.num)
  return records.record(entry, fact).job
}

/** Forgets final jobs with all that belongs to them. */
export function forgetJobs({ records, files, logs }: Kept, ids: readonly string[]): Job[] {
  return ids.flatMap((id) => {
    const entry = records.current(id)
    if (entry === undefined || !isFinal(entry.job.state)) return []
    records.remove(entry)
    files.delete(entry.num)
    logs.delete(entry.num)
    return [entry.job]
  })
}
