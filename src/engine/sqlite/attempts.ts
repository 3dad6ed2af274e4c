import type { Clock } from '../../base/clock.ts'
import type { Job, Lease } from '../../job/job.ts'
import type { Settlement } from '../../job/settlement.ts'
import type { AttemptChanges } from '../job-engine.ts'
import { ended, learnt, progressed, started } from '../record/job-changes.ts'
import type { JobEntry } from '../record/job-row.ts'
import type { FileTable } from './file-table.ts'
import type { JobRecords } from './job-records.ts'
import type { LogTable } from './log-table.ts'

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
    return this.#records.record(entry, started(entry.job, worker, leaseMs, this.#clock.now()))
  }

  /** Writes what an attempt learnt; false when its lease is stale. */
  save(lease: Lease, changes: AttemptChanges): boolean {
    const entry = this.held(lease)
    if (entry === undefined) return false
    const patch = this.#learn(entry, changes)
    const fact = progressed(patch, this.#clock.now())
    if (fact) this.#records.record(entry, fact)
    else this.#records.amend(entry, patch)
    return true
  }

  /** Ends an attempt. Its last progress is part of that event: it has none of its own. */
  settle(entry: JobEntry, decide: (job: Job) => Settlement, changes: AttemptChanges = {}): JobEntry {
    const settlement = decide(entry.job)
    return this.#records.record(entry, ended(entry.job, settlement, this.#learn(entry, changes), this.#clock.now()))
  }

  #learn({ num, job }: JobEntry, changes: AttemptChanges): Partial<Job> {
    let files = job.files
    if (changes.files) files = this.#files.put(num, changes.files, files)
    if (changes.markDownloadedDone) files = this.#files.markDownloadedDone(num, files)
    if (changes.logs && changes.logs.length > 0) this.#logs.append(num, changes.logs)
    return learnt(files, changes)
  }
}
