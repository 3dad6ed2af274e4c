import { LongshoreError } from '../../base/errors.ts'
import type { JobEvent } from '../../job/event.ts'
import type { FileCounts, Job, JobFile, LogLine } from '../../job/job.ts'
import { mayHappen } from '../../job/transitions.ts'
import type { AttemptChanges } from '../job-engine.ts'
import { type Fact, learnt, patched } from '../record/job-changes.ts'
import { type DescribeEnd, type NewDelivery, newDelivery } from '../record/new-delivery.ts'
import { phaseOf } from '../record/phase.ts'
import { addToRow, type StoredEvent } from '../record/row-events.ts'
import { type Counted, countedOf } from '../record/tallied.ts'
import type { StoredJob } from './job-entry.ts'

/** Where a file of the ledger stood before a round. */
export interface Standing {
  state: string
  sizeBytes: number | null
}

/** An event, and the job as it stood after it. */
export interface News {
  event: JobEvent
  job: Job
}

/** What one round makes of one job: several changes may follow each other, and only the last row is written. */
export class JobDraft {
  readonly before: StoredJob
  readonly news: News[] = []
  readonly events: StoredEvent[] = []
  /** What its facts add to the tallies. */
  readonly counted: Counted[] = []
  readonly files = new Map<number, JobFile>()
  readonly logs: LogLine[] = []
  /** What receivers are to be told. */
  readonly deliveries: NewDelivery[] = []
  /** The ledger is dropped. */
  clearsLedger = false
  /** Files that are `downloaded` in the table become `done`. */
  marksDone = false
  readonly #standing: Map<number, Standing>
  readonly #describeEnd: DescribeEnd | undefined
  #after: StoredJob

  constructor(before: StoredJob, standing: Map<number, Standing>, describeEnd?: DescribeEnd) {
    this.before = before
    this.#after = before
    this.#standing = standing
    this.#describeEnd = describeEnd
  }

  get after(): StoredJob {
    return this.#after
  }

  get job(): Job {
    return this.#after.job
  }

  get isChanged(): boolean {
    return this.#after !== this.before
  }

  /** Whether more than the row and its events is written. */
  get hasRest(): boolean {
    const hasRows = this.files.size > 0 || this.logs.length > 0 || this.deliveries.length > 0
    return hasRows || this.clearsLedger || this.marksDone
  }

  /** Notes a fact; refuses a move that the transition table does not know. */
  record({ type, at, patch, data }: Fact, endedBy: string | null = this.#after.endedBy): Job {
    const { job, events } = this.#after
    if (!mayHappen(type, job.state)) {
      throw new LongshoreError('INTERNAL', `${type} cannot happen to job ${job.id}: it is ${job.state}.`)
    }
    const stored = { seq: job.version + 1, type, at, data }
    this.#write({ ...patch, version: stored.seq, updatedAt: at }, this.#keep(stored, events), endedBy)
    const event: JobEvent = { jobId: job.id, ...stored, state: this.job.state }
    this.counted.push(...countedOf(type, job, at))
    const delivery = newDelivery(event, this.job, this.#describeEnd)
    if (delivery) this.deliveries.push(delivery)
    this.news.push({ event, job: this.job })
    return this.job
  }

  /** Notes what is no fact of its own, and when. */
  amend(patch: Partial<Job>, at: number): void {
    this.#write({ ...patch, updatedAt: at }, this.#after.events, this.#after.endedBy)
  }

  /** Takes in an attempt's ledger rows and log lines; answers what lies in the job's own record. */
  learn(changes: AttemptChanges): Partial<Job> {
    let files = this.job.files
    for (const file of changes.files ?? []) files = this.#putFile(file, files)
    if (changes.markDownloadedDone) files = this.#markDone(files)
    for (const line of changes.logs ?? []) this.#log(line)
    return learnt(files, changes)
  }

  /** Drops the ledger. */
  clearLedger(): void {
    this.clearsLedger = true
    this.files.clear()
    this.#after = { ...this.#after, downloaded: 0 }
  }

  #keep(event: StoredEvent, inRow: string): string {
    if (event.type === 'job.progressed') {
      this.events.push(event)
      return inRow
    }
    const { row, moved } = addToRow(inRow, event)
    this.events.push(...moved)
    return row
  }

  #write(patch: Partial<Job>, events: string, endedBy: string | null): void {
    const before = this.#after
    const job = patched(before.job, patch)
    const phase = job.state === before.job.state ? before.phase : phaseOf(job)
    this.#after = { ...before, job, phase, events, endedBy }
  }

  #log(line: LogLine): void {
    this.logs.push(line)
    this.#after = { ...this.#after, logLines: this.#after.logLines + 1 }
  }

  #putFile(file: JobFile, counts: FileCounts): FileCounts {
    const was = this.#standing.get(file.index)
    const sums = { ...counts, downloaded: this.#after.downloaded }
    if (was) weigh(sums, was, -1)
    weigh(sums, file, 1)
    this.files.set(file.index, file)
    this.#standing.set(file.index, file)
    const { downloaded, ...rest } = sums
    this.#after = { ...this.#after, downloaded }
    return rest
  }

  #markDone(counts: FileCounts): FileCounts {
    const { downloaded } = this.#after
    if (downloaded === 0) return counts
    this.marksDone = this.before.downloaded > 0
    for (const file of this.files.values()) {
      if (file.state !== 'downloaded') continue
      const done = { ...file, state: 'done' } as const
      this.files.set(file.index, done)
      this.#standing.set(file.index, done)
    }
    this.#after = { ...this.#after, downloaded: 0 }
    return { ...counts, done: counts.done + downloaded }
  }
}

/** `bytes` are those of files that were fetched: downloaded, then done. */
function weigh(sums: FileCounts & { downloaded: number }, { state, sizeBytes }: Standing, sign: 1 | -1): void {
  if (state === 'done') sums.done += sign
  if (state === 'failed') sums.failed += sign
  if (state === 'downloaded') sums.downloaded += sign
  if (state === 'done' || state === 'downloaded') sums.bytes += sign * (sizeBytes ?? 0)
}
