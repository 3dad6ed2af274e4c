import { Client, type Notification } from 'pg'
import { type Clock, sleep } from '../../base/clock.ts'
import type { JobEvent } from '../../job/event.ts'
import type { Job } from '../../job/job.ts'
import type { ChangeListener } from '../activity.ts'
import type { Listeners } from '../listeners.ts'
import { ChangeWatch } from './change-watch.ts'
import type { Database } from './database.ts'
import type { News } from './job-draft.ts'
import type { StoredJob } from './job-entry.ts'
import type { JobReads } from './job-reads.ts'
import { CONNECT_MS } from './open-pool.ts'
import { quoted } from './quoted.ts'

/** A notification is at most 8,000 bytes long (PostgreSQL, NOTIFY): so many jobs of 40 bytes fit well, each named twice. */
const JOBS_PER_NOTIFICATION = 90

/** Jobs that somebody follows here are looked at this often, should a notification be lost; in ms. */
const LOOK_EVERY_MS = 5_000

/**
 * After each notification the next ones gather for a while, so that telling takes a tenth of the time at most: every replica
 * hears each, whether or not somebody follows a job there. It is so many times as long as sending took, at most so many ms.
 */
const GATHER_TIMES = 9
const GATHER_MS = 50

/** Pause before the listening connection is tried again, in ms. */
const RECONNECT_MS = 1_000

/** What a replica tells the others. */
interface Message {
  from: string
  /** Jobs that changed. */
  jobs: string[]
  /** Those of them that are to be cancelled. */
  cancels: string[]
  /** When the first of them is due that was put off; null when none was. */
  dueAt: number | null
  /** When a schedule is due that was written. */
  nextTick?: number
  /** Something is ready that does not fit where it was looked at. */
  ready?: true
}

/** What telling and hearing takes. */
export interface JobNewsParts {
  db: Database
  reads: JobReads
  clock: Clock
  listeners: Listeners
  /** Reaches the server itself: a pooler in transaction mode cannot LISTEN. */
  listenUrl: string
  /** What replicas of one service talk on. */
  channel: string
  /** The name of this replica. */
  replica: string
  /** The job as it is known here, if it runs here. */
  running(jobId: string): StoredJob | undefined
  /** The jobs that run here. */
  runningIds(): readonly string[]
  /** Hears that a job of this replica is to be read anew. */
  changedElsewhere(jobId: string): void
  /** Hears that a job will be due. */
  delayedTo(runAt: number): void
  /** Hears that something is ready. */
  workReady(): void
  /** Hears that a schedule will be due. */
  scheduleDue(nextTick: number): void
  onError(thrown: unknown): void
}

/**
 * What happens at other replicas. Each tells by NOTIFY which jobs it changed; who follows one of them here reads it. As a
 * notification may be lost, jobs that are followed are also looked at every few seconds, while there are any.
 */
export class JobNews {
  readonly #parts: JobNewsParts
  #client: Client | undefined
  #outbox: Message | undefined
  #sending: Promise<void> = Promise.resolve()
  /** The newest version that was told here, of each job that is followed. */
  readonly #told = new Map<string, number>()
  #look: { cancel(): void } | undefined
  readonly #stopped = new AbortController()
  readonly #watch: ChangeWatch

  constructor(parts: JobNewsParts) {
    this.#parts = parts
    this.#watch = new ChangeWatch(parts)
  }

  async start(): Promise<void> {
    await this.#connect()
  }

  /** Tells what was written here: at once to who listens here, soon to the other replicas. */
  publish(news: readonly News[]): void {
    const { listeners } = this.#parts
    for (const { event, job } of news) {
      if (listeners.follows(job.id)) this.#told.set(job.id, job.version)
      listeners.tell(event, job)
      this.#tellOthers(job, event)
    }
  }

  /** Tells the other replicas that something is ready that does not fit here. Should they not hear it, their heartbeats do. */
  tellOfReady(): void {
    const { channel, replica: from, db, onError } = this.#parts
    const message: Message = { from, jobs: [], cancels: [], dueAt: null, ready: true }
    db.query('SELECT pg_notify($1, $2)', [channel, JSON.stringify(message)]).catch(onError)
  }

  /** Somebody follows a job from now on. */
  followed(): void {
    this.#look ??= this.#parts.clock.setTimer(LOOK_EVERY_MS, () => {
      this.#look = undefined
      this.#lookAtFollowed().catch(this.#parts.onError)
    })
  }

  /** A statement, for the transaction that writes a schedule, that tells the other replicas when it is due. */
  noticeOfTick(nextTick: number): [sql: string, values: string[]] {
    const { channel, replica: from } = this.#parts
    const message: Message = { from, jobs: [], cancels: [], dueAt: null, nextTick }
    return ['SELECT pg_notify($1, $2)', [channel, JSON.stringify(message)]]
  }

  /** Tells of changes of all jobs at other replicas, as {@link ChangeWatch} does; answers how to stop. */
  watch(listener: ChangeListener): () => void {
    return this.#watch.add(listener)
  }

  /** A cancel was asked for elsewhere, of a job that runs here. */
  hearCancel(job: Job): void {
    if (job.cancelRequestedAt === null) return
    const { id, version, state, cancelRequestedAt, attempt } = job
    const event = { jobId: id, seq: version, type: 'job.cancel_requested', state, at: cancelRequestedAt } as const
    this.#parts.listeners.tell({ ...event, data: { attempt } }, job)
  }

  /** Asks the listening connection for a sign of life; one that is silent is replaced. */
  async check(): Promise<void> {
    const client = this.#client
    await client?.query('SELECT 1').catch(() => client.end().catch(() => {}))
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#look?.cancel()
    this.#watch.stop()
    await this.#sending
    await this.#client?.end().catch(() => {})
  }

  #tellOthers({ id, state, runAt }: Job, { type, at }: JobEvent): void {
    if (this.#outbox === undefined) {
      this.#outbox = { from: this.#parts.replica, jobs: [], cancels: [], dueAt: null }
      this.#sending = this.#sending.then(() => this.#send())
    }
    this.#outbox.jobs.push(id)
    if (type === 'job.cancel_requested') this.#outbox.cancels.push(id)
    // One that was put off is written as such, even if it is due by now.
    if (state !== 'queued' || runAt <= at) return
    this.#outbox.dueAt = Math.min(runAt, this.#outbox.dueAt ?? runAt)
    this.#parts.delayedTo(runAt)
  }

  /** While one notification is under way, and for a while after it, the next ones gather. */
  async #send(): Promise<void> {
    const { clock } = this.#parts
    const begun = clock.now()
    const message = this.#outbox
    this.#outbox = undefined
    if (message === undefined) return
    const jobs = [...new Set(message.jobs)]
    const pages: string[] = []
    for (let from = 0; from < jobs.length; from += JOBS_PER_NOTIFICATION) {
      const page = jobs.slice(from, from + JOBS_PER_NOTIFICATION)
      const cancels = message.cancels.filter((id) => page.includes(id))
      pages.push(JSON.stringify({ ...message, jobs: page, cancels } satisfies Message))
    }
    // Lost ones are made up for by looking.
    await this.#parts.db
      .query('SELECT pg_notify($1, page) FROM unnest($2::text[]) AS page', [this.#parts.channel, pages])
      .catch(this.#parts.onError)
    const gatherMs = Math.min((clock.now() - begun) * GATHER_TIMES, GATHER_MS)
    if (gatherMs > 0) await sleep(clock, gatherMs, this.#stopped.signal).catch(() => {})
  }

  async #connect(): Promise<void> {
    const timeouts = { connectionTimeoutMillis: CONNECT_MS, query_timeout: CONNECT_MS }
    const name = { application_name: 'longshore news' }
    const client = new Client({ connectionString: this.#parts.listenUrl, keepAlive: true, ...timeouts, ...name })
    client.on('error', () => {})
    client.on('notification', (notification) => this.#hear(notification))
    try {
      await client.connect()
      await client.query(`LISTEN ${quoted(this.#parts.channel)}`)
      this.#stopped.signal.throwIfAborted()
    } catch (thrown) {
      client.end().catch(() => {})
      throw thrown
    }
    client.once('end', () => this.#reconnect())
    this.#client = client
  }

  #reconnect(): void {
    const { clock, onError } = this.#parts
    if (this.#stopped.signal.aborted || this.#client === undefined) return
    this.#client = undefined
    const again = async (): Promise<void> => {
      await sleep(clock, RECONNECT_MS, this.#stopped.signal)
      await this.#connect().catch((thrown) => {
        onError(thrown)
        return again()
      })
    }
    again()
      .then(() => {
        this.#watch.missSome()
        return Promise.all([this.#lookAtFollowed(), this.#lookAtRunning()])
      })
      .catch((thrown) => this.#stopped.signal.aborted || onError(thrown))
  }

  #hear({ payload }: Notification): void {
    const { replica, listeners, running, changedElsewhere, delayedTo, workReady, scheduleDue, onError } = this.#parts
    const message = parseMessage(payload)
    if (message === undefined || message.from === replica) return
    if (message.dueAt !== null) delayedTo(message.dueAt)
    if (message.ready) workReady()
    if (message.nextTick !== undefined) scheduleDue(message.nextTick)
    this.#watch.note(message.jobs)
    const mine = message.cancels.filter((id) => running(id))
    for (const id of mine) changedElsewhere(id)
    const followed = message.jobs.filter((id) => listeners.follows(id))
    const ids = [...new Set([...mine, ...followed])]
    if (ids.length > 0) this.#readAndTell(ids, new Set(mine)).catch(onError)
  }

  async #lookAtFollowed(): Promise<void> {
    const { followed } = this.#parts.listeners
    for (const id of this.#told.keys()) if (!this.#parts.listeners.follows(id)) this.#told.delete(id)
    if (followed.length === 0 || this.#stopped.signal.aborted) return
    try {
      await this.#readAndTell(followed, new Set())
    } finally {
      this.followed()
    }
  }

  /** A cancel may have been asked for while nobody listened here. */
  async #lookAtRunning(): Promise<void> {
    const { reads, runningIds, changedElsewhere } = this.#parts
    const ids = runningIds()
    if (ids.length === 0) return
    for (const { job } of await reads.getAll(ids)) {
      if (job.cancelRequestedAt === null) continue
      changedElsewhere(job.id)
      this.hearCancel(job)
    }
  }

  /** Tells the newest event of each; who needs those before it reads them. One that cannot be read keeps none from the others. */
  async #readAndTell(ids: readonly string[], cancelled: ReadonlySet<string>): Promise<void> {
    const failures: unknown[] = []
    for (const entry of await this.#parts.reads.getAll(ids)) {
      if (cancelled.has(entry.job.id)) this.hearCancel(entry.job)
      await this.#tellNewest(entry).catch((failure: unknown) => failures.push(failure))
    }
    if (failures.length > 0) throw failures[0]
  }

  async #tellNewest(entry: StoredJob): Promise<void> {
    const { reads, listeners } = this.#parts
    const { id, version } = entry.job
    if (!listeners.follows(id) || this.#isTold(entry.job)) return
    const [newest] = await reads.since(entry, version - 1, 1)
    // It may have been told meanwhile; only what could be read is.
    if (newest === undefined || this.#isTold(entry.job)) return
    this.#told.set(id, version)
    listeners.tellFollowers(newest, entry.job)
  }

  #isTold({ id, version }: Job): boolean {
    return (this.#told.get(id) ?? 0) >= version
  }
}

function parseMessage(payload: string | undefined): Message | undefined {
  try {
    return payload === undefined ? undefined : JSON.parse(payload)
  } catch {
    return undefined
  }
}
