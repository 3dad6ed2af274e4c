import type { Clock } from '../../base/clock.ts'
import type { Job, JsonValue, Lease, Progress } from '../../job/job.ts'
import type { Settlement } from '../../job/settlement.ts'
import type { AttemptChanges } from '../job-engine.ts'
import type { FileTable } from './file-table.ts'
import type { JobRecords } from './job-records.ts'
import type { JobEntry } from './job-row.ts'
import type { LogTable } from './log-table.ts'

/** Errors of older attempts than these are dropped: a job can be requeued by people without end. */
const MAX_ERRORS = 100

/** What an attempt may write. Each of these runs inside a round of the group commit. */
export class Attempts {
  readonly #records: JobRecords
  readonly #files: FileTable
  readonly #logs: LogTable
  readonly #clock: Clock

  constructor(records: JobRecords, files: FileTable, logs: LogTable, clock: Clock) {
    this.#clock = clock
    this.#records = records
    this.#files = files
    this.#logs = logs
  }

  /** The job, if the lease's token is still current. */
  held(lease: Pick<Lease, 'jobId' | 'token'>): JobEntry | undefined {
    const entry = this.#records.inWork(lease.jobId)
    return entry?.job.token === lease.token ? entry : undefined
  }

  /** Gives a ready job to a worker. */
  claim(entry: JobEntry, worker: string, leaseMs: number): JobEntry {
    const now = this.#clock.now()
    const attempt = entry.job.attempt + 1
    const patch = {
      state: 'processing',
      attempt,
      token: entry.job.token + 1,
      worker,
      leaseExpiresAt: now + leaseMs,
      startedAt: now,
    } as const
    return this.#records.change(entry, 'job.started', patch, { attempt, worker })
  }

  /** Writes what an attempt learnt; false when its lease is stale. */
  save(lease: Lease, changes: AttemptChanges): boolean {
    const entry = this.held(lease)
    if (entry === undefined) return false
    const patch = this.#learn(entry, changes)
    if (patch.progress) this.#records.change(entry, 'job.progressed', patch, dataOf(patch.progress))
    else this.#records.amend(entry, patch)
    return true
  }

  /** Ends an attempt. Its last progress is part of that event: it has none of its own. */
  settle(entry: JobEntry, decide: (job: Job) => Settlement, changes: AttemptChanges = {}): JobEntry {
    const settlement = decide(entry.job)
    const patch = { ...this.#learn(entry, changes), ...ending(entry.job, settlement, this.#clock.now()) }
    return this.#records.change(entry, settlement.event, patch, endingData(entry.job, settlement, patch.progress))
  }

  #learn({ num, job }: JobEntry, changes: AttemptChanges): Partial<Job> {
    let files = job.files
    if (changes.filesTotal !== undefined) files = { ...files, total: changes.filesTotal }
    if (changes.files) files = this.#files.put(num, changes.files, files)
    if (changes.markDownloadedDone) files = this.#files.markDownloadedDone(num, files)
    if (changes.logs && changes.logs.length > 0) this.#logs.append(num, changes.logs)
    return {
      files,
      ...(changes.checkpoint !== undefined && { checkpoint: changes.checkpoint }),
      ...(changes.progress && { progress: dataOf(changes.progress) }),
    }
  }
}

function ending(job: Job, settlement: Settlement, now: number): Partial<Job> {
  const { state, error, refundAttempt, runAt, result, outputs } = settlement
  return {
    state,
    worker: null,
    leaseExpiresAt: null,
    attempt: job.attempt - (refundAttempt ? 1 : 0),
    ...(runAt !== undefined && { runAt }),
    ...(result !== undefined && { result }),
    ...(outputs !== undefined && { outputs }),
    ...(error && { errors: [...job.errors, error].slice(-MAX_ERRORS) }),
    ...(error && state === 'failed' && { error: error.message }),
    ...(state !== 'queued' && { completedAt: now }),
  }
}

function endingData(job: Job, { state, error, runAt }: Settlement, progress: Progress | undefined) {
  return {
    attempt: job.attempt,
    ...(error && { code: error.code, message: error.message }),
    ...(state === 'queued' && runAt !== undefined && { run_at: new Date(runAt).toISOString() }),
    ...(state !== 'queued' && progress && { progress: dataOf(progress) }),
  }
}

/** Progress as plain JSON: without what is undefined, and no longer the caller's object. */
function dataOf(progress: Progress): { stage: string; [detail: string]: JsonValue } {
  const data: { stage: string; [detail: string]: JsonValue } = { stage: progress.stage }
  for (const [name, value] of Object.entries(progress)) if (value !== undefined) data[name] = value
  return data
}
