import { randomUUID } from 'node:crypto'
import { type Clock, every, sleep, type Timer } from '../../base/clock.ts'
import { LongshoreError } from '../../base/errors.ts'
import type { JobEvent } from '../../job/event.ts'
import type { Job, JobFile, Lease, LogLine, NewJob } from '../../job/job.ts'
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
import { cancelAsked, ended, progressed, requeued } from '../record/job-changes.ts'
import { type DescribeEnd, isDeliverable } from '../record/new-delivery.ts'
import { SlotDispatch } from '../slot-dispatch.ts'
import { DatabaseClock } from './database-clock.ts'
import { openError } from './database-error.ts'
import { Doorbell } from './doorbell.ts'
import { buildParts, dispatchOwner, type EngineParts } from './engine-parts.ts'
import { isHeld } from './job-changes.ts'
import { markOf } from './lease-mark.ts'
import { expiredJobs, extendLeases } from './leases.ts'
import { checkVersion, migrateDatabase } from './migrations.ts'
import { PostgresActivity } from './postgres-activity.ts'
import { PostgresDeliveryRecords } from './postgres-delivery-records.ts'
import { PostgresIngestRecords } from './postgres-ingest-records.ts'
import { PostgresScheduleRecords } from './postgres-schedule-records.ts'
import { pruneJobs, pruneWithRest } from './prune.ts'

/** What the engine of many machines needs. */
export interface PostgresEngineOptions {
  /** `postgres://user:password@host:port/name`; a pooler in transaction mode may stand between. */
  url: string
  /** Reaches the server itself, to LISTEN and to migrate. Default: `url`. */
  listenUrl?: string
  /** Schema of our tables. Default `longshore`. */
  schema?: string
  /** Schema of Graphile Worker's tables. Default `graphile_worker`. */
  workerSchema?: string
  /** Connections at most, beside two to four that listen. Default 10. */
  poolSize?: number
  /** Brings the schema up to date at the start; else it must be. Default true. */
  migrates?: boolean
  /** How often a replica says that it lives, in ms. Default 10,000. */
  beatMs?: number
  /** After this silence a replica is dead, in ms. Default 30,000. */
  silentMs?: number
  /** Log lines kept with a job, the newest. Default 1,000. */
  maxLogLines?: number
  /** Writes what is told of a job's end; nobody is told anything without. */
  describeEnd?: DescribeEnd
  /** What this replica says of itself to people who look. Default: its id as the name. */
  presence?: Presence
  /** The time that jobs live by. Default: the database's. */
  clock?: Clock
  /** Hears what no caller waits for: a run that rejected, a listener that threw, statements that will be tried again. */
  onError?: (thrown: unknown) => void
}

/** A database that does not answer is left without a word after this many ms: other replicas see to what is left of this one. */
const LEAVE_MS = 10_000

const STOPPED = 'The job engine is not running.'

/** The engine of any number of replicas, over one PostgreSQL. */
export class PostgresEngine implements JobEngine {
  /** The time that jobs live by: the database's, whatever this machine's clock says. */
  readonly clock: Clock
  /** Upload sessions, in the same schema. */
  readonly ingests: PostgresIngestRecords
  /** What is told of the ends of jobs, in the same schema. */
  readonly deliveries: PostgresDeliveryRecords
  /** Schedules, in the same schema. */
  readonly schedules: PostgresScheduleRecords
  /** What happens in the service as a whole. */
  readonly activity: PostgresActivity
  readonly #options: PostgresEngineOptions
  readonly #id = randomUUID()
  readonly #onError = (thrown: unknown): void => this.#options.onError?.(thrown)
  readonly #listeners = new Listeners(this.#onError)
  readonly #deliveryNews = new DueNews()
  readonly #scheduleNews = new DueNews()
  #starting: Promise<void> | undefined
  #parts: EngineParts | undefined
  #bell: Doorbell | undefined
  #beats: Timer | undefined

  constructor(options: PostgresEngineOptions) {
    this.#options = options
    this.clock = options.clock ?? new DatabaseClock()
    this.ingests = new PostgresIngestRecords(() => this.#opened().db)
    const news = this.#deliveryNews
    this.deliveries = new PostgresDeliveryRecords({ db: () => this.#opened().db, now: () => this.clock.now(), news })
    this.#listeners.add((event, job) => isDeliverable(event, job) && news.tell(event.at))
    this.schedules = new PostgresScheduleRecords(() => this.#opened(), this.#scheduleNews)
    this.activity = new PostgresActivity({ clock: this.clock, listeners: this.#listeners, parts: () => this.#opened() })
  }

  start(): Promise<void> {
    this.#starting ??= this.#open()
    return this.#starting
  }

  /** Writes what was asked for and closes the connections. Runs that have not ended keep their leases until those run out. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {})
    const parts = this.#parts
    if (parts === undefined) return
    this.#parts = undefined
    this.#beats?.cancel()
    parts.dueTimer.stop()
    parts.dispatcher.release()
    const reason = notRunning()
    await parts.inserts.close(reason)
    await parts.changes.close(reason)
    const left = new AbortController()
    const leaving = this.#leave(parts).catch(this.#onError)
    await Promise.race([leaving, sleep(this.clock, LEAVE_MS, left.signal).catch(() => {})])
    left.abort()
  }

  async insert(submitted: NewJob, limits?: QueueLimits): Promise<{ job: Job; replayed: boolean }> {
    return this.#opened().inserts.insert(submitted, limits)
  }

  async get(id: string): Promise<Job | undefined> {
    return (await this.#opened().reads.get(id))?.job
  }

  async list(query: JobQuery): Promise<Page<Job>> {
    return this.#opened().listing.list(query)
  }

  async counts(aheadOf?: string): Promise<JobCounts> {
    const { reads, rooms } = this.#opened()
    const entry = aheadOf === undefined ? undefined : await reads.get(aheadOf)
    if (entry?.job.state !== 'queued') {
      return { ...(await reads.counts(undefined)), workers: [], groupRunning: 0, tenantRunning: 0 }
    }
    const around = [reads.counts(entry), rooms.read(), rooms.runningWith(entry.job)] as const
    const [counts, workers, running] = await Promise.all(around)
    return { ...counts, workers, ...running }
  }

  async files(id: string, query: FileQuery): Promise<Page<JobFile>> {
    return this.#opened().reads.files(id, query)
  }

  async logs(id: string, tail: number): Promise<LogLine[]> {
    return this.#opened().reads.logs(id, tail)
  }

  dispatch(options: DispatchOptions, run: (claim: Claim) => Promise<void>): Dispatch {
    const parts = this.#opened()
    const { changes, dispatcher } = parts
    const runAndForget = (claim: Claim): Promise<void> => run(claim).finally(() => changes.leave(claim.lease))
    const owner = dispatchOwner(parts, this.clock, this.#onError)
    const dispatch = new SlotDispatch(options, runAndForget, owner)
    dispatcher.add(dispatch)
    this.#listenForBell(parts)
    // Others tell of it at once what this replica has to give.
    this.#beat(parts).catch(this.#onError)
    return {
      stop: async () => {
        const stopped = dispatch.stop()
        dispatcher.remove(dispatch)
        await stopped
      },
    }
  }

  async heartbeat(leases: readonly Lease[], leaseMs: number): Promise<LeaseNews[]> {
    const { changes, db } = this.#opened()
    return changes.between(() => extendLeases(db, leases, this.clock.now() + leaseMs))
  }

  async save(lease: Lease, changes: AttemptChanges): Promise<boolean> {
    const saved = await this.#opened().changes.learn(lease, changes, (draft, unwritten) => {
      const patch = draft.learn(unwritten)
      const now = this.clock.now()
      const fact = progressed(patch, now)
      if (fact) draft.record(fact)
      else draft.amend(patch, now)
      return true
    })
    return saved ?? false
  }

  async settle(lease: Lease, decide: (job: Job) => Settlement, changes: AttemptChanges): Promise<Job | undefined> {
    return this.#opened().changes.settle(lease, changes, (draft, unwritten) => {
      const settlement = decide(draft.job)
      return draft.record(ended(draft.job, settlement, draft.learn(unwritten), this.clock.now()), markOf(lease))
    })
  }

  async requestCancel(id: string): Promise<Job | undefined> {
    return this.#opened().changes.change(id, (draft) => {
      const fact = draft && cancelAsked(draft.job, this.clock.now())
      return fact ? draft.record(fact) : draft?.job
    })
  }

  async requeue(id: string, options: { failedFilesOnly: boolean }): Promise<Job | undefined> {
    return this.#opened().changes.change(id, (draft) => {
      const fact = draft && !draft.after.forgetting && requeued(draft.job, options.failedFilesOnly, this.clock.now())
      if (!fact) return draft?.job
      if (!options.failedFilesOnly) draft?.clearLedger()
      return draft?.record(fact)
    })
  }

  async since(id: string, seq: number, limit: number): Promise<JobEvent[]> {
    const { reads } = this.#opened()
    const entry = await reads.get(id)
    return entry ? reads.since(entry, seq, limit) : []
  }

  subscribe(listener: JobListener, jobId?: string): () => void {
    if (jobId !== undefined) this.#parts?.news.followed()
    return this.#listeners.add(listener, jobId)
  }

  async rescue(decide: (job: Job) => Settlement): Promise<Job[]> {
    const { changes, db } = this.#opened()
    const expired = await expiredJobs(db, this.clock.now())
    const rescued = expired.map(({ id, token }) =>
      changes.change(id, (draft) => {
        const now = this.clock.now()
        if (!draft || !isHeld(draft.job, { token }) || (draft.job.leaseExpiresAt ?? 0) > now) return undefined
        return draft.record(ended(draft.job, decide(draft.job), {}, now), null)
      }),
    )
    return (await Promise.all(rescued)).filter((job) => job !== undefined)
  }

  async prune(ids: readonly string[], removeRest?: (job: Job) => Promise<boolean>): Promise<Job[]> {
    const { db } = this.#opened()
    const owner = `${this.#id}:prune`
    return removeRest ? pruneWithRest(db, ids, owner, removeRest) : pruneJobs(db, ids, owner)
  }

  async #open(): Promise<void> {
    const { url, schema = 'longshore', workerSchema = 'graphile_worker', migrates = true } = this.#options
    const listenUrl = this.#options.listenUrl ?? url
    const places = { url: listenUrl, schema, workerSchema }
    await (migrates ? migrateDatabase(places) : checkVersion(places))
    const { poolSize = 10, maxLogLines = 1_000, beatMs = 10_000, silentMs = 30_000, describeEnd } = this.#options
    const parts = buildParts({
      ...{ url, listenUrl, schema, workerSchema, poolSize, maxLogLines, silentMs, describeEnd },
      id: this.#id,
      clock: this.clock,
      listeners: this.#listeners,
      scheduleDue: (nextTick) => this.#scheduleNews.tell(nextTick),
      presence: this.#options.presence ?? { name: this.#id, role: 'all' },
      onError: this.#onError,
    })
    try {
      await this.#measured(() => parts.replica.askTime())
      await parts.news.start()
      this.#bell = new Doorbell({ ...places, pollMs: beatMs, clock: this.clock, onError: this.#onError })
      await this.#beat(parts)
    } catch (thrown) {
      await parts.news.stop()
      await parts.db.close()
      throw openError(thrown)
    }
    this.#parts = parts
    this.#beats = every(this.clock, beatMs, () => this.#beat(parts), this.#onError)
  }

  /** Says that this replica lives, and hears what a lost notification would have told. */
  async #beat(parts: EngineParts): Promise<void> {
    const { replica, dueTimer, dispatcher, changes, news, db } = parts
    const beat = await this.#measured(() => replica.beat(this.clock.now(), this.#bell?.id))
    const { isWorkReady, nextDueAt, nextDeliveryAt, nextTick } = beat
    if (nextDueAt !== null) dueTimer.arm(nextDueAt)
    if (nextDeliveryAt !== null) this.#deliveryNews.tell(nextDeliveryAt)
    if (nextTick !== null) this.#scheduleNews.tell(nextTick)
    if (isWorkReady) dispatcher.noteReady()
    for (const { waiting, options } of dispatcher.all) {
      if (waiting.length > 0) await changes.between(() => extendLeases(db, waiting, this.clock.now() + options.leaseMs))
    }
    await news.check()
  }

  /** Takes leave of the database. */
  async #leave({ news, replica, db }: EngineParts): Promise<void> {
    await this.#bell?.stop()
    await news.stop()
    await replica.leave().catch(this.#onError)
    await db.close()
  }

  #measured<Answer extends { databaseNow: number }>(ask: () => Promise<Answer>): Promise<Answer> {
    return this.clock instanceof DatabaseClock ? this.clock.measure(ask) : ask()
  }

  /** Idle workers are rung for; a replica that only answers requests is not. */
  #listenForBell({ dispatcher }: EngineParts): void {
    if (this.#bell === undefined || this.#bell.id !== undefined) return
    this.#bell.start(() => dispatcher.answerBell())
  }

  #opened(): EngineParts {
    if (this.#parts) return this.#parts
    throw notRunning()
  }
}

function notRunning(): LongshoreError {
  return new LongshoreError('ENGINE_UNAVAILABLE', STOPPED)
}
