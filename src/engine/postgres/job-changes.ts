import { LongshoreError } from '../../base/errors.ts'
import { Roster } from '../../base/roster.ts'
import type { Job, Lease } from '../../job/job.ts'
import type { AttemptChanges } from '../job-engine.ts'
import { integer, integerOrNull, text } from '../record/columns.ts'
import type { DescribeEnd } from '../record/new-delivery.ts'
import { type Database, storable } from './database.ts'
import { isStatementFault } from './database-error.ts'
import { JobDraft, type News, type Standing } from './job-draft.ts'
import { readStoredJob, STORED_COLUMNS, type StoredJob } from './job-entry.ts'
import type { JobWrites } from './job-writes.ts'
import { Lane, type LaneTask } from './lane.ts'
import { markOf } from './lease-mark.ts'
import { UnsureLines } from './unsure-lines.ts'

/** A change that loses to others this often is given up for now. */
const TRIES = 20

/** A change of one job that waits for its round. */
interface Change extends LaneTask {
  jobId: string
  /** Rows of the ledger that the change replaces, by index. */
  files: readonly number[]
  /** Decides on the row, not on what is known of it here. */
  reads: boolean
  /** Ends an attempt. */
  settles: boolean
  /** Decides on the job as it stands; may run again on a newer one. */
  decide(draft: JobDraft | undefined): void
  resolve(): void
}

/** What the lane of changes needs. */
export interface JobChangesParts {
  db: Database
  writes: JobWrites
  describeEnd: DescribeEnd | undefined
  /** Hears of an attempt whose end is written, or about to be. */
  settled(lease: Lease): void
  /** Hears what was written, before whoever asked for it. */
  publish(news: readonly News[]): void
  /** Claims for the slots that are free, or are being settled; never rejects. */
  fill(): Promise<void>
}

/**
 * Every change of jobs that are there. A round reads the jobs it does not know, decides in memory, and writes all of
 * them by one statement that names the revision each was decided on; those that somebody else changed meanwhile are read
 * and decided anew. So nobody holds a lock while deciding, and jobs that run here are settled without being read. The jobs
 * that take the place of settled ones are claimed by another connection meanwhile.
 */
export class JobChanges {
  readonly #parts: JobChangesParts
  readonly #lane: Lane<Change>
  readonly #select: string
  readonly #standing: string
  /** Jobs that run here as they were last seen. */
  readonly #running = new Roster<string, StoredJob>()
  /** Attempts whose settlement got no answer: it may have been written. */
  readonly #unsure = new Set<string>()
  readonly #lines = new UnsureLines()
  readonly #between: (() => Promise<void>)[] = []

  constructor(parts: JobChangesParts) {
    const { schema } = parts.db
    this.#parts = parts
    this.#lane = new Lane((changes) => this.#round(changes))
    this.#select = `SELECT ${STORED_COLUMNS} FROM ${schema}.jobs WHERE id = ANY($1)`
    this.#standing = `SELECT f.job, f.idx, f.state, f.size_bytes FROM ${schema}.files f
      JOIN json_to_recordset($1::json) AS i(job bigint, idx integer) ON f.job = i.job AND f.idx = i.idx`
  }

  /** Changes a job as its row stands; answers what `decide` answered once that is written. It may run more than once. */
  change<Answer>(jobId: string, decide: (draft: JobDraft | undefined) => Answer): Promise<Answer> {
    return this.#add({ jobId, files: [], reads: true, settles: false }, decide)
  }

  /**
   * Writes what an attempt learnt; undefined when its lease is stale. `decide` is given what of it is not written yet: of
   * changes that are brought again, because their answer was lost, the log lines may be.
   */
  async learn<Answer>(
    lease: Lease,
    changes: AttemptChanges,
    decide: (draft: JobDraft, changes: AttemptChanges) => Answer,
  ): Promise<Answer | undefined> {
    const how = { jobId: lease.jobId, files: indexesOf(changes), reads: false, settles: false }
    return this.#lines.follow(lease, changes, (unwritten) =>
      this.#add(how, (draft) => (draft && isHeld(draft.job, lease) ? decide(draft, unwritten(draft)) : undefined)),
    )
  }

  /** Ends an attempt; undefined when its lease is stale. A settlement whose answer was lost is known when it is asked for again. */
  async settle(
    lease: Lease,
    changes: AttemptChanges,
    decide: (draft: JobDraft, changes: AttemptChanges) => Job,
  ): Promise<Job | undefined> {
    const mark = markOf(lease)
    const how = { jobId: lease.jobId, files: indexesOf(changes), reads: false, settles: true }
    const settled = (job: Job | undefined): void => {
      this.#unsure.delete(mark)
      if (job) this.#parts.settled(lease)
    }
    const known = this.#running.get(lease.jobId)
    if (known && isHeld(known.job, lease)) this.#parts.settled(lease)
    try {
      return await this.#lines.follow(lease, changes, (unwritten) => {
        const held = (draft: JobDraft | undefined): Job | undefined => {
          if (draft && isHeld(draft.job, lease)) return decide(draft, unwritten(draft))
          return draft && this.#unsure.has(mark) && draft.after.endedBy === mark ? draft.job : undefined
        }
        return this.#add(how, held, settled)
      })
    } catch (thrown) {
      if (thrown instanceof LongshoreError && thrown.retryable) this.#unsure.add(mark)
      throw thrown
    }
  }

  /** The job as it is known here, if it runs here. */
  running(jobId: string): StoredJob | undefined {
    return this.#running.get(jobId)
  }

  /** The jobs that run here. */
  get runningIds(): string[] {
    return [...this.#running.keys()]
  }

  /** Notes that a job runs here. */
  keep(entry: StoredJob): void {
    this.#running.set(entry.job.id, entry)
  }

  /** Forgets how a job stood; it is read again when it is changed. */
  forget(jobId: string): void {
    this.#running.delete(jobId)
  }

  /** Forgets an attempt that has ended here. */
  leave(lease: Lease): void {
    if (this.#running.get(lease.jobId)?.job.token === lease.token) this.forget(lease.jobId)
    this.#lines.leave(lease)
    this.#unsure.delete(markOf(lease))
  }

  /** Runs other statements on many jobs in turn with the rounds, so that neither waits for the other's locks. */
  between<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#lane.isClosed) return work()
    return new Promise((resolve, reject) => {
      this.#between.push(() => work().then(resolve, reject))
      this.#lane.request()
    })
  }

  /** Asks for a round, though nothing changed. */
  request(): void {
    this.#lane.request()
  }

  close(reason: Error): Promise<void> {
    return this.#lane.close(reason)
  }

  #add<Answer>(
    how: Pick<Change, 'jobId' | 'files' | 'reads' | 'settles'>,
    decide: (draft: JobDraft | undefined) => Answer,
    onWritten?: (answer: Answer) => void,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let answer: Answer
      this.#lane.add({
        ...how,
        decide: (draft) => {
          answer = decide(draft)
        },
        resolve: () => {
          onWritten?.(answer)
          resolve(answer)
        },
        reject,
      })
    })
  }

  async #round(changes: readonly Change[]): Promise<void> {
    const filled = changes.some(({ settles }) => settles) ? this.#parts.fill() : undefined
    let left = changes
    for (let tries = 1; left.length > 0 && tries <= TRIES; tries++) left = await this.#attempt(left)
    for (const change of left) change.reject(tooBusy())
    for (const work of this.#between.splice(0)) await work()
    await (filled ?? this.#parts.fill())
  }

  /** Answers the changes that others got in the way of. */
  async #attempt(changes: readonly Change[]): Promise<readonly Change[]> {
    try {
      return await this.#writeTogether(changes)
    } catch (thrown) {
      for (const { jobId } of changes) this.#running.delete(jobId)
      if (changes.length === 1 || !isStatementFault(causeOf(thrown))) {
        for (const change of changes) change.reject(thrown)
        return []
      }
      const left: Change[] = []
      for (const change of changes) left.push(...(await this.#attempt([change])))
      return left
    }
  }

  async #writeTogether(changes: readonly Change[]): Promise<readonly Change[]> {
    const drafts = await this.#load(changes)
    const decided = changes.filter((change) => isDecided(change, drafts.get(change.jobId)))
    const made = [...drafts.values()]
    const written = await this.#parts.writes.write(made)
    const isLost = (draft: JobDraft): boolean => !written.has(draft.before.num) && (draft.isChanged || draft.hasRest)
    for (const draft of made) this.#follow(draft, isLost(draft))
    this.#parts.publish(made.flatMap((draft) => (isLost(draft) ? [] : draft.news)))
    return decided.filter((change) => {
      const draft = drafts.get(change.jobId)
      if (draft && isLost(draft)) return true
      change.resolve()
      return false
    })
  }

  /** What is known of a job that runs here after a round; one that somebody else changed is read again. */
  #follow({ after, isChanged, hasRest }: JobDraft, lost: boolean): void {
    const known = this.#running.has(after.job.id)
    if (!known) return
    if (lost || after.job.state !== 'processing') this.#running.delete(after.job.id)
    else if (isChanged || hasRest) this.#running.set(after.job.id, { ...after, revision: after.revision + 1 })
  }

  async #load(changes: readonly Change[]): Promise<Map<string, JobDraft>> {
    const ids = [...new Set(changes.map(({ jobId }) => jobId))]
    const asked = new Set(changes.flatMap(({ reads, jobId }) => (reads ? [jobId] : [])))
    const unknown = ids.filter((id) => asked.has(id) || !this.#running.has(id)).map((id) => storable(id))
    const rows = unknown.length === 0 ? [] : await this.#parts.db.query(this.#select, [unknown])
    const read = new Map(rows.map(readStoredJob).map((entry) => [entry.job.id, entry]))
    const entries = ids.flatMap((id) => read.get(id) ?? this.#running.get(id) ?? [])
    const standing = await this.#standingOf(changes, new Map(entries.map((entry) => [entry.job.id, entry])))
    const { describeEnd } = this.#parts
    const draftOf = (entry: StoredJob): JobDraft =>
      new JobDraft(entry, standing.get(entry.num) ?? new Map(), describeEnd)
    return new Map(entries.map((entry) => [entry.job.id, draftOf(entry)]))
  }

  async #standingOf(
    changes: readonly Change[],
    entries: ReadonlyMap<string, StoredJob>,
  ): Promise<Map<number, Map<number, Standing>>> {
    const wanted = changes.flatMap(({ jobId, files }) => {
      const entry = entries.get(jobId)
      return entry === undefined || isUntouched(entry) ? [] : files.map((idx) => ({ job: entry.num, idx }))
    })
    const standing = new Map<number, Map<number, Standing>>()
    if (wanted.length === 0) return standing
    for (const row of await this.#parts.db.query(this.#standing, [JSON.stringify(wanted)])) {
      const ofJob = standing.get(integer(row, 0)) ?? new Map<number, Standing>()
      ofJob.set(integer(row, 1), { state: text(row, 2), sizeBytes: integerOrNull(row, 3) })
      standing.set(integer(row, 0), ofJob)
    }
    return standing
  }
}

/** Whether nothing was written of a job but that it was claimed: its ledger is empty, and need not be read. */
function isUntouched({ revision, job }: StoredJob): boolean {
  return revision === 1 && job.token === 1
}

/** Whether a lease is the one that its job is worked on under. */
export function isHeld(job: Job, lease: Pick<Lease, 'token'>): boolean {
  return job.state === 'processing' && job.token === lease.token
}

function indexesOf({ files }: AttemptChanges): number[] {
  return files?.map(({ index }) => index) ?? []
}

/** False when the decision itself threw; who asked for it was told. */
function isDecided(change: Change, draft: JobDraft | undefined): boolean {
  try {
    change.decide(draft)
    return true
  } catch (thrown) {
    change.reject(thrown)
    return false
  }
}

function causeOf(thrown: unknown): unknown {
  return thrown instanceof LongshoreError ? thrown.cause : thrown
}

function tooBusy(): LongshoreError {
  return new LongshoreError('ENGINE_UNAVAILABLE', 'A job is being changed from too many sides at once. Try again.')
}
