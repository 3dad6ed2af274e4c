import type { Clock } from '../../base/clock.ts'
import { LongshoreError } from '../../base/errors.ts'
import { Roster } from '../../base/roster.ts'
import type { JobEvent } from '../../job/event.ts'
import type { Job, JobState, NewJob } from '../../job/job.ts'
import { mayHappen } from '../../job/transitions.ts'
import type { JobCounts } from '../job-engine.ts'
import { freshJob } from '../record/fresh-job.ts'
import { type Fact, patched } from '../record/job-changes.ts'
import type { JobEntry } from '../record/job-row.ts'
import { type BirthClaim, claimedJob } from '../record/newborn.ts'
import { PHASE, phaseOf } from '../record/phase.ts'
import { queuedEvent } from '../record/row-events.ts'
import { countedOf } from '../record/tallied.ts'
import type { DeliveryTable } from './delivery-table.ts'
import type { EventTable } from './event-table.ts'
import { newRow } from './job-insert.ts'
import type { JobTable } from './job-table.ts'
import type { Newborns } from './newborns.ts'
import type { TallyTable } from './tally-table.ts'

/** So many ready jobs are kept in memory: a few rounds' worth, of at most 4 KB each. */
const FRESH_JOBS = 1_000

/** A stored event, and the job as it stood after it. */
export interface News {
  event: JobEvent
  job: Job
}

/** The tables that a change of a job is written to. */
export interface JobRecordsParts {
  table: JobTable
  events: EventTable
  deliveries: DeliveryTable
  tallies: TallyTable
  clock: Clock
}

/**
 * Every change of a job: the row, its event, the counts and the jobs in work, which are kept in memory. What one round
 * of the group commit changes becomes the truth in memory by `commit`, or is dropped by `rollBack`.
 */
export class JobRecords {
  readonly #table: JobTable
  readonly #events: EventTable
  readonly #deliveries: DeliveryTable
  readonly #tallies: TallyTable
  readonly #clock: Clock
  /** Jobs that are being worked on, by id: an attempt is checked and settled without reading its row. */
  readonly #running = new Roster<string, JobEntry>()
  readonly #counts = [0, 0, 0, 0, 0, 0]
  #oldestReady: number | null | undefined

  /** Small ready jobs that were inserted lately, by number: most are claimed soon, and then need not be read back. */
  #fresh = new Roster<number, JobEntry>()
  /** Jobs that were changed in this round; a new one can be read. */
  #touched = new Map<string, JobEntry>()
  /** The earliest instant that a job was delayed to in this round. */
  #delayedTo = Number.POSITIVE_INFINITY
  #moved = [0, 0, 0, 0, 0, 0]
  #news: News[] = []

  constructor({ table, events, deliveries, tallies, clock }: JobRecordsParts) {
    this.#table = table
    this.#events = events
    this.#deliveries = deliveries
    this.#tallies = tallies
    this.#clock = clock
  }

  /** Reads what is kept in memory. The attempts it finds belong to a process that is gone: their leases are over. */
  load(): void {
    for (const [phase, count] of this.#table.counts()) this.#counts[phase] = count
    for (const entry of this.#table.processing()) this.extendLease(entry, this.#clock.now())
    this.#counts[PHASE.processing] = this.#running.size
  }

  /** The job as this round sees it. */
  current(id: string): JobEntry | undefined {
    return this.#touched.get(id) ?? this.#running.get(id) ?? this.#table.get(id)
  }

  /** The job in work as this round sees it, if it is in work. */
  inWork(id: string): JobEntry | undefined {
    const entry = this.#touched.get(id) ?? this.#running.get(id)
    return entry?.phase === PHASE.processing ? entry : undefined
  }

  /** A ready job, as this round sees it. */
  ready(num: number): JobEntry | undefined {
    return this.#fresh.get(num) ?? this.#table.getByNum(num)
  }

  /** Every job in work. */
  processing(): Job[] {
    return [...this.#running.values()].map(({ job }) => job)
  }

  /** Every job in work whose lease has run out. */
  expired(now: number): JobEntry[] {
    return [...this.#running.values()].filter(({ job }) => (job.leaseExpiresAt ?? 0) <= now)
  }

  /** Moves a lease's end. It is kept in memory only: no lease outlives the process. */
  extendLease(entry: JobEntry, leaseExpiresAt: number): void {
    this.#running.set(entry.job.id, { ...entry, job: { ...entry.job, leaseExpiresAt } })
  }

  /**
   * Keeps new jobs, some of which are claimed at once; answers them as they were submitted. Undefined stands for one whose
   * id or idempotency key is known.
   */
  insert(submitted: readonly NewJob[], newborns?: Newborns): (Job | undefined)[] {
    const now = this.#clock.now()
    const rows = submitted.map((job) => newRow(job, now, newborns?.claimOf(job)))
    const nums = this.#table.insert(rows)
    return rows.map((row, i) => {
      const num = nums[i]
      if (num === undefined) return undefined
      const job = freshJob(row.job)
      this.#news.push({ event: queuedEvent(job), job })
      if (newborns && row.claim) newborns.add(row.job, this.#noteClaimed(num, job, row.claim))
      else this.#noteWaiting({ num, phase: row.phase, job, events: '' }, row.isSmall)
      return job
    })
  }

  /** Writes a fact about a job and what it changed; refuses a move that the transition table does not know. */
  record(before: JobEntry, { type, at, patch, data }: Fact): JobEntry {
    if (!mayHappen(type, before.job.state)) {
      throw new LongshoreError('INTERNAL', `${type} cannot happen to job ${before.job.id}: it is ${before.job.state}.`)
    }
    const version = before.job.version + 1
    const events = this.#events.append(before, { seq: version, type, at, data })
    const after = this.#write(before, { ...patch, version, updatedAt: at }, events)
    const { job } = after
    const event = { jobId: job.id, seq: version, type, state: job.state, at, data }
    this.#deliveries.tellOf(after.num, event, job)
    this.#tallies.note(countedOf(type, before.job, at))
    this.#news.push({ event, job })
    return after
  }

  /** Writes what is no fact of its own, such as sums of the ledger. */
  amend(before: JobEntry, patch: Partial<Job>): JobEntry {
    return this.#write(before, { ...patch, updatedAt: this.#clock.now() }, before.events)
  }

  /** Forgets the row of a job, its events and its deliveries. */
  remove(entry: JobEntry): void {
    this.#table.delete(entry.num)
    this.#events.delete(entry.num)
    this.#deliveries.delete(entry.num)
    this.#touched.delete(entry.job.id)
    this.#count(entry.phase, -1)
  }

  /** Makes delayed jobs ready that are due; answers how many. */
  promote(): number {
    const count = this.#table.promote(this.#clock.now())
    this.#count(PHASE.delayed, -count)
    this.#count(PHASE.ready, count)
    return count
  }

  /** How many jobs are ready, as this round sees it. */
  get readyCount(): number {
    return (this.#counts[PHASE.ready] ?? 0) + (this.#moved[PHASE.ready] ?? 0)
  }

  /** How many jobs wait, as this round sees it. */
  get queuedCount(): number {
    return (this.#counts[PHASE.delayed] ?? 0) + (this.#moved[PHASE.delayed] ?? 0) + this.readyCount
  }

  /** How many jobs are in each state. */
  states(): Record<JobState, number> {
    const [delayed = 0, ready = 0, processing = 0, completed = 0, failed = 0, cancelled = 0] = this.#counts
    return { queued: delayed + ready, processing, completed, failed, cancelled }
  }

  /** How many jobs of the job's group and of its tenant are in work. */
  runningWith({ group, tenant }: Job): Pick<JobCounts, 'groupRunning' | 'tenantRunning'> {
    const running = [...this.#running.values()]
    const ofGroup = group === null ? [] : running.filter(({ job }) => job.group === group)
    const ofTenant = tenant === null ? [] : running.filter(({ job }) => job.tenant === tenant)
    return { groupRunning: ofGroup.length, tenantRunning: ofTenant.length }
  }

  /** When the job that has been ready longest became due; read again only after ready jobs came or went. */
  oldestDueAt(): number | null {
    if (this.readyCount === 0) return null
    this.#oldestReady ??= this.#table.oldestRunAt()
    return this.#oldestReady
  }

  /** Writes what the round counted, as the last of it. */
  close(): void {
    this.#tallies.write()
  }

  /** What the round changed is on disk: answers its events in order, and the earliest instant a job was delayed to. */
  commit(): { news: News[]; delayedTo: number } {
    for (const [id, entry] of this.#touched) {
      if (entry.phase === PHASE.processing) this.#running.set(id, entry)
      else this.#running.delete(id)
    }
    for (const [phase, by] of this.#moved.entries()) this.#counts[phase] = (this.#counts[phase] ?? 0) + by
    const [news, delayedTo] = [this.#news, this.#delayedTo]
    this.#endRound()
    return { news, delayedTo }
  }

  /** Forgets what the round changed. */
  rollBack(): void {
    this.#fresh = new Roster()
    this.#endRound()
  }

  #endRound(): void {
    this.#touched = new Map()
    this.#delayedTo = Number.POSITIVE_INFINITY
    this.#tallies.endRound()
    this.#moved.fill(0)
    this.#news = []
    this.#oldestReady = undefined
  }

  #noteWaiting(entry: JobEntry, isSmall: boolean): void {
    this.#enter(entry)
    if (isSmall && entry.phase === PHASE.ready && this.#fresh.size < FRESH_JOBS) this.#fresh.set(entry.num, entry)
  }

  #noteClaimed(num: number, fresh: Job, claim: BirthClaim): JobEntry {
    const job = claimedJob(fresh, claim)
    const entry = { num, phase: PHASE.processing, job, events: claim.events }
    this.#enter(entry)
    this.#touched.set(job.id, entry)
    this.#news.push({ event: { jobId: job.id, state: job.state, ...claim.started }, job })
    return entry
  }

  #write(before: JobEntry, patch: Partial<Job>, events: string): JobEntry {
    const job = patched(before.job, patch)
    const phase = job.state === before.job.state ? before.phase : phaseOf(job)
    const after = { num: before.num, phase, job, events }
    this.#table.update(before, after)
    this.#touched.set(job.id, after)
    this.#fresh.delete(after.num)
    this.#count(before.phase, -1)
    this.#enter(after)
    return after
  }

  #enter({ phase, job }: JobEntry): void {
    this.#count(phase, 1)
    if (phase === PHASE.delayed) this.#delayedTo = Math.min(this.#delayedTo, job.runAt)
  }

  #count(phase: number, by: number): void {
    this.#moved[phase] = (this.#moved[phase] ?? 0) + by
  }
}
