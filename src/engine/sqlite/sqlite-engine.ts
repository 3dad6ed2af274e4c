import type { Clock } from '../../base/clock.ts'
import type { LongshoreError } from '../../base/errors.ts'
import { Turns } from '../../base/turns.ts'
import type { JobEvent } from '../../job/event.ts'
import { isFinal, type Job, type JobFile, type Lease, type LogLine, type NewJob } from '../../job/job.ts'
import type { Settlement } from '../../job/settlement.ts'
import type { Presence } from '../activity.ts'
import { DueNews } from '../due-news.ts'
import type {
  AttemptChanges,
  Claim,
  Dispatch,
  DispatchOptions,
  FileQuery,
  JobCounts,
  JobEngine,
  JobListener,
  JobQuery,
  LeaseNews,
  Page,
  QueueLimits,
} from '../job-engine.ts'
import { Listeners } from '../listeners.ts'
import { type DescribeEnd, isDeliverable } from '../record/new-delivery.ts'
import { SlotDispatch } from '../slot-dispatch.ts'
import { engineError, notRunning } from './database.ts'
import { dispatchOwner } from './dispatch-owner.ts'
import { type EngineParts, openParts } from './engine-parts.ts'
import type { News } from './job-records.ts'
import { cancelJob, forgetJobs, requeueJob } from './people.ts'
import { SqliteActivity } from './sqlite-activity.ts'
import { SqliteDeliveryRecords } from './sqlite-delivery-records.ts'
import { SqliteIngestRecords } from './sqlite-ingest-records.ts'
import { SqliteScheduleRecords } from './sqlite-schedule-records.ts'

/** What the embedded engine needs. */
export interface SqliteEngineOptions {
  /** The database file; its folder must exist, and be locked (`lockDataDir`) so that no other process opens it. */
  path: string
  clock: Clock
  /** Log lines kept with a job, the newest. Default 1,000. */
  maxLogLines?: number
  /** Writes what is told of a job's end; nobody is told anything without. */
  describeEnd?: DescribeEnd
  /** What this process says of itself to people who look. Default: no name. */
  presence?: Presence
  /** Hears what no caller waits for: a run that rejected, a listener that threw, claims that could not be written. */
  onError?: (thrown: unknown) => void
}

/**
 * The engine that needs nothing installed: one SQLite file, one process. Leases, counts and running jobs are kept in
 * memory, because no other process can hold any; a lease that was held when the process died is over at the next start.
 */
export class SqliteEngine implements JobEngine {
  /** Upload sessions, in the same file and the same group commit. */
  readonly ingests: SqliteIngestRecords
  /** What is told of the ends of jobs, in the same file and the same group commit. */
  readonly deliveries: SqliteDeliveryRecords
  /** Schedules, in the same file and the same group commit. */
  readonly schedules: SqliteScheduleRecords
  /** What happens in the service as a whole. */
  readonly activity: SqliteActivity
  readonly #options: SqliteEngineOptions
  readonly #listeners: Listeners
  readonly #onError = (thrown: unknown): void => this.#options.onError?.(thrown)
  /** Between a requeue and the removal of what the same job left. */
  readonly #turns = new Turns()
  #starting: Promise<void> | undefined
  #parts: EngineParts | undefined

  constructor(options: SqliteEngineOptions) {
    this.#options = options
    this.#listeners = new Listeners(this.#onError)
    this.ingests = new SqliteIngestRecords({
      read: (look) => this.#read(({ ingests }) => look(ingests)),
      write: (change) => this.#write(({ ingests }) => change(ingests)),
    })
    const dueNews = new DueNews()
    this.deliveries = new SqliteDeliveryRecords(
      {
        now: () => options.clock.now(),
        read: (look) => this.#read(({ deliveries }) => look(deliveries)),
        write: (change) => this.#write(({ deliveries }) => change(deliveries)),
      },
      dueNews,
    )
    this.#listeners.add((event, job) => isDeliverable(event, job) && dueNews.tell(event.at))
    this.schedules = new SqliteScheduleRecords({
      read: (look) => this.#read(look),
      write: (change) => this.#write(change),
    })
    this.activity = new SqliteActivity({
      clock: options.clock,
      listeners: this.#listeners,
      presence: options.presence ?? { name: '', role: 'all' },
      read: (look) => this.#read(look),
      write: (change) => this.#write(change),
    })
  }

  start(): Promise<void> {
    this.#starting ??= this.#open()
    return this.#starting
  }

  /** Writes what was asked for and closes the file. Runs that have not ended keep their leases until the next start. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {})
    const parts = this.#parts
    if (parts === undefined) return
    parts.dueTimer.stop()
    for (const dispatch of parts.dispatcher.all) dispatch.stop().catch(this.#onError)
    this.#parts = undefined
    parts.commit.close()
    parts.db.close()
  }

  insert(submitted: NewJob, limits?: QueueLimits): Promise<{ job: Job; replayed: boolean }> {
    return this.#parts ? this.#parts.submits.submit(submitted, limits) : Promise.reject(notRunning())
  }

  async get(id: string): Promise<Job | undefined> {
    return this.#read(({ records }) => records.current(id)?.job)
  }

  async list(query: JobQuery): Promise<Page<Job>> {
    return this.#read(({ listing }) => listing.list(query))
  }

  async counts(aheadOf?: string): Promise<JobCounts> {
    return this.#read(({ records, position, dispatcher }) => {
      const entry = aheadOf === undefined ? undefined : records.current(aheadOf)
      const counts = { states: records.states(), oldestDueAt: records.oldestDueAt() }
      if (entry?.job.state !== 'queued')
        return { ...counts, ahead: null, workers: [], groupRunning: 0, tenantRunning: 0 }
      const workers = dispatcher.all.flatMap(({ workerRoom }) => workerRoom ?? [])
      return { ...counts, ahead: position.ahead(entry), workers, ...records.runningWith(entry.job) }
    })
  }

  async files(id: string, query: FileQuery): Promise<Page<JobFile>> {
    return this.#read(({ records, files }) => {
      const entry = records.current(id)
      return entry ? files.list(entry.num, query) : { items: [], next: null }
    })
  }

  async logs(id: string, tail: number): Promise<LogLine[]> {
    return this.#read(({ records, logs }) => {
      const entry = records.current(id)
      return entry ? logs.tail(entry.num, tail) : []
    })
  }

  dispatch(options: DispatchOptions, run: (claim: Claim) => Promise<void>): Dispatch {
    const { dispatcher, commit } = this.#opened()
    const dispatch = new SlotDispatch(
      options,
      run,
      dispatchOwner(() => this.#parts, this.#options.clock, this.#onError),
    )
    dispatcher.add(dispatch)
    commit.request()
    return {
      stop: async () => {
        await dispatch.stop()
        dispatcher.remove(dispatch)
      },
    }
  }

  async heartbeat(leases: readonly Lease[], leaseMs: number): Promise<LeaseNews[]> {
    const { attempts, records } = this.#opened()
    const expiresAt = this.#options.clock.now() + leaseMs
    return leases.map((lease) => {
      const { jobId, token } = lease
      const entry = attempts.held(lease)
      if (entry === undefined) return { jobId, token, lost: true, cancelRequested: false, expiresAt: lease.expiresAt }
      records.extendLease(entry, expiresAt)
      return { jobId, token, lost: false, cancelRequested: entry.job.cancelRequestedAt !== null, expiresAt }
    })
  }

  save(lease: Lease, changes: AttemptChanges): Promise<boolean> {
    return this.#write(({ attempts }) => attempts.save(lease, changes))
  }

  settle(lease: Lease, decide: (job: Job) => Settlement, changes: AttemptChanges): Promise<Job | undefined> {
    return this.#write(({ attempts, dispatcher }) => {
      const entry = attempts.held(lease)
      if (entry === undefined) return undefined
      dispatcher.noteSettled(lease)
      return attempts.settle(entry, decide, changes).job
    })
  }

  requestCancel(id: string): Promise<Job | undefined> {
    return this.#write((parts) => cancelJob(parts, id, this.#options.clock.now()))
  }

  requeue(id: string, options: { failedFilesOnly: boolean }): Promise<Job | undefined> {
    const requeue = (): Promise<Job | undefined> =>
      this.#write((parts) => requeueJob(parts, id, this.#options.clock.now(), options.failedFilesOnly))
    return this.#turns.take(id, requeue)
  }

  async since(id: string, seq: number, limit: number): Promise<JobEvent[]> {
    return this.#read(({ records, events }) => {
      const entry = records.current(id)
      return entry ? events.since(entry, seq, limit) : []
    })
  }

  subscribe(listener: JobListener, jobId?: string): () => void {
    return this.#listeners.add(listener, jobId)
  }

  async rescue(decide: (job: Job) => Settlement): Promise<Job[]> {
    const { records, dispatcher } = this.#opened()
    const expired = records.expired(this.#options.clock.now()).filter((entry) => !dispatcher.isWaiting(entry))
    if (expired.length === 0) return []
    return this.#write(({ attempts }) =>
      expired.flatMap(({ job }) => {
        const entry = attempts.held({ jobId: job.id, token: job.token })
        return entry ? [attempts.settle(entry, decide).job] : []
      }),
    )
  }

  async prune(ids: readonly string[], removeRest?: (job: Job) => Promise<boolean>): Promise<Job[]> {
    if (removeRest === undefined) return this.#forget(ids)
    const clear = async (id: string): Promise<Job[]> => {
      const job = await this.get(id)
      return job && isFinal(job.state) && (await removeRest(job)) ? this.#forget([id]) : []
    }
    return (await Promise.all(ids.map((id) => this.#turns.take(id, () => clear(id))))).flat()
  }

  async #forget(ids: readonly string[]): Promise<Job[]> {
    const ended = this.#read(({ records }) => ids.filter((id) => isFinal(records.current(id)?.job.state ?? 'queued')))
    return ended.length === 0 ? [] : this.#write((parts) => forgetJobs(parts, ended))
  }

  async #open(): Promise<void> {
    const { path, clock, maxLogLines = 1_000, describeEnd } = this.#options
    const publish = (news: readonly News[]): void => {
      for (const { event, job } of news) this.#listeners.tell(event, job)
    }
    this.#parts = openParts({ path, clock, maxLogLines, describeEnd, publish, onError: this.#onError })
  }

  #opened(): EngineParts {
    if (this.#parts) return this.#parts
    throw notRunning()
  }

  #read<Answer>(look: (parts: EngineParts) => Answer): Answer {
    try {
      return look(this.#opened())
    } catch (thrown) {
      throw engineError(thrown)
    }
  }

  #write<Answer>(change: (parts: EngineParts) => Answer | LongshoreError): Promise<Answer> {
    const parts = this.#parts
    if (parts === undefined) return Promise.reject(notRunning())
    return parts.commit.write(() => change(parts))
  }
}
