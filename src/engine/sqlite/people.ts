import { LongshoreError } from '../../base/errors.ts'
import { isFinal, type Job, type NewJob } from '../../job/job.ts'
import type { QueueLimits } from '../job-engine.ts'
import { cancelAsked, requeued } from '../record/job-changes.ts'
import { queueFull, reusedKey, tenantQueueFull } from '../record/refusals.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { FileTable } from './file-table.ts'
import type { JobRecords } from './job-records.ts'
import type { JobTable } from './job-table.ts'
import type { LogTable } from './log-table.ts'
import type { Newborns } from './newborns.ts'

/** What people change: jobs, and what belongs to them. */
export interface Kept {
  records: JobRecords
  table: JobTable
  files: FileTable
  logs: LogTable
  dispatcher: Dispatcher
}

/** A job that somebody submits, and how many may wait. */
export interface Submit {
  submitted: NewJob
  limits?: QueueLimits | undefined
}

/** The job of a submit, or the error that refuses it. */
export type Submitted = { job: Job; replayed: boolean } | LongshoreError

/**
 * Keeps all new jobs of a round, each as {@link insertJob} does. Where there is room for all, they share statements, and
 * where slots are free and nothing waits, they are claimed as they are inserted.
 */
export function insertJobs(kept: Kept, submits: readonly Submit[]): Submitted[] {
  if (!hasRoom(kept, submits)) return submits.map(({ submitted, limits }) => insertJob(kept, submitted, limits))
  const submitted = submits.map((submit) => submit.submitted)
  const newborns = kept.dispatcher.newborns(submitted)
  const answers = insertAll(kept, submitted, newborns)
  if (newborns) kept.dispatcher.begin(newborns)
  return answers
}

/** Keeps a new job; a known id or idempotency key answers the job that is there, or the error that refuses it. */
export function insertJob(kept: Kept, submitted: NewJob, limits?: QueueLimits): Submitted {
  const queued = kept.records.queuedCount
  if (queued >= maxOf(limits)) return replay(kept, submitted) ?? queueFull(queued, maxOf(limits))
  const { tenant } = submitted
  const maxQueuedOfTenant = limits?.maxQueuedOfTenant
  if (tenant !== undefined && maxQueuedOfTenant !== undefined && kept.table.isQueueFull(tenant, maxQueuedOfTenant)) {
    return replay(kept, submitted) ?? tenantQueueFull(tenant, maxQueuedOfTenant)
  }
  const [answer] = insertAll(kept, [submitted])
  return answer ?? notFound(submitted)
}

function insertAll(kept: Kept, submitted: readonly NewJob[], newborns?: Newborns): Submitted[] {
  const inserted = kept.records.insert(submitted, newborns)
  return submitted.map((asked, i) => {
    const job = inserted[i]
    return job ? { job, replayed: false } : (replay(kept, asked) ?? notFound(asked))
  })
}

/** Whether all of them may wait, if none is known. */
function hasRoom({ records, table }: Kept, submits: readonly Submit[]): boolean {
  const queued = records.queuedCount + submits.length
  return submits.every(({ limits }) => queued <= maxOf(limits)) && tenantsHaveRoom(table, submits)
}

function tenantsHaveRoom(table: JobTable, submits: readonly Submit[]): boolean {
  const asked = new Map<string, { jobs: number; most: number }>()
  for (const { submitted, limits } of submits) {
    const { tenant } = submitted
    const most = limits?.maxQueuedOfTenant
    if (tenant === undefined || most === undefined) continue
    const known = asked.get(tenant)
    asked.set(tenant, { jobs: (known?.jobs ?? 0) + 1, most: Math.min(known?.most ?? most, most) })
  }
  return [...asked].every(([tenant, { jobs, most }]) => !table.isQueueFull(tenant, Math.max(0, most - jobs + 1)))
}

function maxOf(limits: QueueLimits | undefined): number {
  return limits?.maxQueued ?? Number.POSITIVE_INFINITY
}

function notFound({ id }: NewJob): LongshoreError {
  return new LongshoreError('INTERNAL', `Job ${id} was neither kept nor found.`)
}

function replay({ records, table }: Kept, { id, tenant, idempotency }: NewJob): Submitted | undefined {
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
