import type { Clock } from '../../base/clock.ts'
import type { Lease } from '../../job/job.ts'
import type { Presence } from '../activity.ts'
import { DueTimer } from '../due-timer.ts'
import { givenBack } from '../given-back.ts'
import type { Listeners } from '../listeners.ts'
import { integer } from '../record/columns.ts'
import { ended } from '../record/job-changes.ts'
import type { DescribeEnd } from '../record/new-delivery.ts'
import type { DispatchOwner } from '../slot-dispatch.ts'
import { Claims } from './claims.ts'
import { Database } from './database.ts'
import { Dispatcher } from './dispatcher.ts'
import { type DoorbellPlace, ringSql } from './doorbell.ts'
import { JobChanges } from './job-changes.ts'
import type { News } from './job-draft.ts'
import type { StoredJob } from './job-entry.ts'
import { JobInserts } from './job-inserts.ts'
import { JobListing } from './job-listing.ts'
import { JobNews } from './job-news.ts'
import { JobReads } from './job-reads.ts'
import { JobWrites } from './job-writes.ts'
import { markOf } from './lease-mark.ts'
import { extendLeases } from './leases.ts'
import { Replica } from './replica.ts'
import { WorkerRooms } from './worker-rooms.ts'

/** So many delayed jobs become ready by one statement. */
const PROMOTION_BATCH = 1_000

/** After claims failed, they are tried again after this many ms. */
const CLAIM_RETRY_MS = 1_000

/** What the parts need from the engine. */
export interface EngineSetting {
  url: string
  listenUrl: string
  schema: string
  workerSchema: string
  poolSize: number
  maxLogLines: number
  describeEnd: DescribeEnd | undefined
  silentMs: number
  /** The name of this replica. */
  id: string
  clock: Clock
  listeners: Listeners
  /** Hears when a schedule is due that another replica wrote. */
  scheduleDue(nextTick: number): void
  presence: Presence
  onError(thrown: unknown): void
}

/** What the engine's verbs stand on while the database is open. */
export interface EngineParts {
  db: Database
  reads: JobReads
  rooms: WorkerRooms
  listing: JobListing
  inserts: JobInserts
  changes: JobChanges
  dispatcher: Dispatcher
  news: JobNews
  replica: Replica
  dueTimer: DueTimer
}

/** Builds the parts; nothing is asked of the database yet. */
export function buildParts(setting: EngineSetting): EngineParts {
  const { clock, onError, id } = setting
  const db = new Database({ ...setting, isDirect: setting.url === setting.listenUrl })
  const bell: DoorbellPlace = setting
  const ring = ringSql(bell, `longshore:${setting.schema}:${id}`)
  const reads = new JobReads(db)
  const claims = new Claims(db, `${id}:claims`)
  const publish = (news: readonly News[]): void => {
    if (news.some(({ event }) => event.type !== 'job.queued' && event.state === 'queued')) dispatcher.noteReady()
    news_.publish(news)
  }

  const news_: JobNews = new JobNews({
    ...setting,
    db,
    reads,
    replica: id,
    channel: `longshore:${setting.schema}`,
    running: (jobId) => changes.running(jobId),
    runningIds: () => changes.runningIds,
    changedElsewhere: (jobId) => changes.forget(jobId),
    delayedTo: (runAt) => dueTimer.arm(runAt),
    workReady: () => dispatcher.noteReady(),
  })
  const dispatcher: Dispatcher = new Dispatcher({
    claims,
    now: () => clock.now(),
    claimed: (entries) => {
      for (const entry of entries) changes.keep(entry)
      publish(entries.map(startOf))
    },
    ring: async () => void (await db.query(`SELECT FROM ${ring} bell`)),
    tellOthers: () => news_.tellOfReady(),
    request: () => changes.request(),
  })
  const changes: JobChanges = new JobChanges({
    db,
    describeEnd: setting.describeEnd,
    writes: new JobWrites(db, { maxLogLines: setting.maxLogLines, owner: `${id}:changes`, ring }),
    settled: (lease) => dispatcher.noteSettled(lease),
    publish,
    fill: async () => {
      await dispatcher.fill().catch((thrown) => {
        onError(thrown)
        clock.setTimer(CLAIM_RETRY_MS, () => changes.request())
      })
    },
  })
  const inserts = new JobInserts({
    db,
    clock,
    owner: `${id}:inserts`,
    ring,
    publish,
    emptying: () => dispatcher.emptying,
    keepSlots: (due, now) => dispatcher.keepSlots(due, now),
    ready: () => dispatcher.noteReady(),
  })
  const dueTimer: DueTimer = new DueTimer(clock, () => promote(db, ring, clock.now()))
  const replica = new Replica({
    ...{ db, id, bell, ring, silentMs: setting.silentMs, presence: setting.presence },
    budget: () => dispatcher.all[0]?.options.budget,
    slots: () => dispatcher.all.reduce((sum, { options }) => sum + options.concurrency, 0),
  })
  const rooms = new WorkerRooms({
    ...{ db, clock, replica: id, silentMs: setting.silentMs },
    own: () => dispatcher.all.flatMap(({ workerRoom }) => workerRoom ?? []),
  })
  return { db, reads, rooms, listing: new JobListing(db), inserts, changes, dispatcher, news: news_, replica, dueTimer }
}

/** Makes delayed jobs ready that are due, and rings for them; answers when the next one is due. */
async function promote({ schema, query }: Database, ring: string, now: number): Promise<number | null> {
  const [row = []] = await query(
    `WITH due AS (
      UPDATE ${schema}.jobs SET phase = 1, revision = revision + 1 WHERE num IN (
        SELECT num FROM ${schema}.jobs WHERE phase = 0 AND run_at <= $1 ORDER BY run_at LIMIT ${PROMOTION_BATCH}
        FOR UPDATE SKIP LOCKED)
      RETURNING num
    ), rung AS (
      SELECT count(*) FROM (SELECT FROM due LIMIT 1) one CROSS JOIN LATERAL ${ring} bell
    )
    SELECT (SELECT count(*) FROM due), (SELECT run_at FROM ${schema}.jobs WHERE phase = 0 AND run_at > $1 ORDER BY run_at LIMIT 1),
      (SELECT * FROM rung)`,
    [now],
  )
  if (integer(row, 0) === PROMOTION_BATCH) return now
  return row[1] === null ? null : integer(row, 1)
}

/** What dispatches see of the engine. */
export function dispatchOwner(parts: EngineParts, clock: Clock, onError: (thrown: unknown) => void): DispatchOwner {
  return {
    clock,
    onError,
    // The heartbeat of the replica renews the leases of claims that wait. One that seems over is asked about: the answer
    // to its claim may have been held up on its way, and somebody else may run the job by now.
    renew: (lease, leaseMs) => (lease.expiresAt > clock.now() ? lease : renewed(parts, lease, clock.now() + leaseMs)),
    ended: () => parts.dispatcher.ended(),
    quiet: () => parts.dispatcher.quiet(),
    async giveBack(leases) {
      const now = clock.now()
      const back = leases.map((lease) =>
        parts.changes
          .settle(lease, {}, (draft) => draft.record(ended(draft.job, givenBack(draft.job), {}, now), markOf(lease)))
          .finally(() => parts.changes.leave(lease)),
      )
      await Promise.all(back)
    },
  }
}

async function renewed({ changes, db }: EngineParts, lease: Lease, expiresAt: number): Promise<Lease | undefined> {
  const [news] = await changes.between(() => extendLeases(db, [lease], expiresAt))
  if (news && !news.lost) return { ...lease, expiresAt }
  changes.leave(lease)
  return undefined
}

function startOf({ job }: StoredJob): News {
  const { id, version, startedAt, attempt, worker } = job
  const event = { jobId: id, seq: version, type: 'job.started', state: 'processing', at: startedAt ?? 0 } as const
  return { event: { ...event, data: { attempt, worker } }, job }
}
