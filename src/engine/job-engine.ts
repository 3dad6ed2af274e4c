import type { TenantConcurrency } from '../access/tenant-limits.ts'
import type { Component } from '../base/lifecycle.ts'
import type { JobEvent } from '../job/event.ts'
import type { FileState, Job, JobFile, JobState, JsonValue, Lease, LogLine, NewJob, Progress } from '../job/job.ts'
import type { Resources } from '../job/resources.ts'
import type { Settlement } from '../job/settlement.ts'
import type { WorkerRoom } from '../job/waiting.ts'

/** One page of a listing; `next` is given back as `cursor` to read on. */
export interface Page<Item> {
  items: Item[]
  next: string | null
}

/** Which jobs to list, newest first. */
export interface JobQuery {
  /** At most so many; a page of very long jobs may end early, and `next` then goes on. */
  limit: number
  cursor?: string
  states?: readonly JobState[]
  /** Every given label must be there with this value. */
  labels?: Readonly<Record<string, string>>
  group?: string
  /** Only this tenant's. */
  tenant?: string
  /** Only those that a schedule of this name submitted. */
  schedule?: string
  /** Created at or after, in ms since 1970. */
  createdAfter?: number
  /** Created before, in ms since 1970. */
  createdBefore?: number
  /** Final since before this instant, in ms since 1970. */
  completedBefore?: number
}

/** How many jobs may wait. */
export interface QueueLimits {
  /** Of all. */
  maxQueued: number
  /** Of the job's own tenant; no limit when absent. */
  maxQueuedOfTenant?: number | undefined
}

/** Which rows of a job's ledger to list, in manifest order. */
export interface FileQuery {
  limit: number
  cursor?: string
  states?: readonly FileState[]
}

/** How many jobs stand where. */
export interface JobCounts {
  states: Readonly<Record<JobState, number>>
  /** When the job that has been due longest became due; null when none is due. */
  oldestDueAt: number | null
  /** How many queued jobs run before the one asked about; null when none was asked about, it is not queued, or more than 10,000 are before it. */
  ahead: number | null
  /** The workers that take jobs; none unless a queued job was asked about. */
  workers: readonly WorkerRoom[]
  /** How many jobs of the group of the queued job asked about run; 0 when none was, or it has no group. */
  groupRunning: number
  /** How many jobs of its tenant run; 0 when none was asked about, or it has no tenant. */
  tenantRunning: number
}

/** What one attempt learnt since it last saved. */
export interface AttemptChanges {
  progress?: Progress
  /** Rows of the ledger to insert or replace, by index. */
  files?: readonly JobFile[]
  /** The whole manifest's length, once it was read. */
  filesTotal?: number
  /** Every file still `downloaded` becomes `done`. */
  markDownloadedDone?: boolean
  checkpoint?: JsonValue
  /** Appended; the engine keeps the newest lines of a job up to its own bound. */
  logs?: readonly LogLine[]
}

/** A job that was claimed, as it stood right after the claim, and the lease on it. */
export interface Claim {
  job: Job
  lease: Lease
}

/** What a heartbeat hears back about one lease. */
export interface LeaseNews {
  jobId: string
  token: number
  /** The lease is no longer this one's: stop at once and settle nothing. */
  lost: boolean
  cancelRequested: boolean
  expiresAt: number
}

/** Who wants work, and how much of it at once. */
export interface DispatchOptions {
  worker: string
  /** Jobs that run at once. */
  concurrency: number
  leaseMs: number
  /** Jobs of one named group that run at once; no limit when absent. */
  groupConcurrency?: number
  /** Jobs of each tenant that run at once: asked with every claim, for it may change. No limit when absent. */
  tenantConcurrency?: () => TenantConcurrency | undefined
  /** What the jobs that run at once may need together; no limit when absent. */
  budget?: Resources
  /** So long, in ms, a job that fits the budget but not what is free of it is passed over; then it is next. Default 30,000. */
  reserveAfterMs?: number
}

/** Hears of an event, with the job as it stood after it or later. Must not throw. */
export type JobListener = (event: JobEvent, job: Job) => void

/** A running dispatch. */
export interface Dispatch {
  /** Claims no more; resolves when every run that was begun has ended. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Keeps jobs and hands them out. Every verb that writes has written durably when its promise resolves; a verb with a
 * lease changes nothing once the lease's token is stale; every event is stored in the transaction of the change it tells.
 */
export interface JobEngine extends Component {
  /**
   * Keeps a new job. A known id, or a known idempotency key with the same hash, answers the job that is there. Throws
   * `IDEMPOTENCY_KEY_REUSED`, and `QUEUE_FULL` when so many jobs wait already. Until it resolves, other verbs may not find the job.
   */
  insert(job: NewJob, limits?: QueueLimits): Promise<{ job: Job; replayed: boolean }>
  /** The job, if it is there. */
  get(id: string): Promise<Job | undefined>
  /** Jobs, newest first. */
  list(query: JobQuery): Promise<Page<Job>>
  /** How many jobs stand where, and before the queued job `aheadOf`. Without that, cheap enough to ask on every submit. */
  counts(aheadOf?: string): Promise<JobCounts>
  /** The per-file ledger of a job. */
  files(id: string, query: FileQuery): Promise<Page<JobFile>>
  /** The newest `tail` log lines of a job, oldest first. */
  logs(id: string, tail: number): Promise<LogLine[]>

  /** Claims due jobs (priority, fair turn between groups, age) that fit what is free, and calls `run` for each, within the concurrency. `run` must settle. */
  dispatch(options: DispatchOptions, run: (claim: Claim) => Promise<void>): Dispatch
  /** Extends leases; the answer tells of requested cancels and lost leases. */
  heartbeat(leases: readonly Lease[], leaseMs: number): Promise<LeaseNews[]>
  /** Writes what an attempt learnt. False when the lease is stale. */
  save(lease: Lease, changes: AttemptChanges): Promise<boolean>
  /** Ends an attempt: writes the last changes and the settlement `decide` makes of the job as it stands then, at once. Undefined when the lease is stale. */
  settle(lease: Lease, decide: (job: Job) => Settlement, changes: AttemptChanges): Promise<Job | undefined>

  /** A queued job becomes cancelled at once, a processing one is marked; a final one is answered unchanged. */
  requestCancel(id: string): Promise<Job | undefined>
  /** A failed or cancelled job becomes queued again, with fresh attempts; any other, and one that is being forgotten, is answered unchanged. */
  requeue(id: string, options: { failedFilesOnly: boolean }): Promise<Job | undefined>

  /** A job's events after `seq`, oldest first. State changes are kept as long as the job; of progress the newest 1,000. */
  since(id: string, seq: number, limit: number): Promise<JobEvent[]>
  /**
   * Hears of events after they were stored; returns how to stop listening. With a job, those of that job, wherever they
   * were stored, though some may be skipped. Without, all that were stored here, and the cancels of jobs that run here.
   */
  subscribe(listener: JobListener, jobId?: string): () => void

  /** Settles every attempt whose lease has run out as `decide` says; answers the jobs after it. */
  rescue(decide: (job: Job) => Settlement): Promise<Job[]>
  /**
   * Forgets jobs with all that belongs to them (events, ledger, logs); those that are not final are left, and those of
   * which `removeRest`, which removes what else a job left and is called for all at once, says no. Meanwhile nobody
   * requeues one. Answers those it forgot; throws what `removeRest` threw.
   */
  prune(ids: readonly string[], removeRest?: (job: Job) => Promise<boolean>): Promise<Job[]>
}
