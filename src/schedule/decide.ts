import { LongshoreError, messageOf } from '../base/errors.ts'
import type { Schedule, ScheduleChange, SkipReason } from '../engine/schedule-records.ts'
import type { NewJob } from '../job/job.ts'
import { dueTicks } from './due-ticks.ts'

/** Jobs that a schedule remembers as open at most: those that were fired by hand come on top of the one of a tick. */
const MOST_OPEN = 100

/** Ticks that made no job, for one reason. */
interface Skip {
  reason: SkipReason
  /** The newest of them. */
  tick: number
  count: number
  message: string
}

/** What is to become of a schedule whose tick has come. */
export interface Decision {
  change: ScheduleChange
  fired: readonly { tick: number | null; jobId: string }[]
  skipped: readonly Skip[]
  /** Jobs to cancel once the change is made. */
  replaced: readonly string[]
}

/** Makes the job of a tick. Throws what keeps it from being submitted. */
export type MakeJob = (schedule: Schedule, tick: number) => NewJob

/** What a decision is made on, beside the schedule. */
export interface Circumstances {
  now: number
  /** Those of the schedule's `openJobs` that have not ended. */
  open: readonly string[]
  makeJob: MakeJob
  /** Jobs that may be made; what would be more stays due. No limit when absent. */
  most?: number | undefined
}

/** Decides what the ticks that have come come to, by the policies of the schedule. */
export function decide(schedule: Schedule, { now, open, makeJob, most = Infinity }: Circumstances): Decision {
  const { overlap } = schedule.definition
  const due = dueTicks(schedule, now)
  const skipped: Skip[] = []
  const jobs: NewJob[] = []
  const fired: { tick: number; jobId: string }[] = []
  if (due.lastMissed !== null) skipped.push(missed(due.lastMissed, due.missed))
  for (const tick of due.fire.slice(0, most)) {
    const fault = overlap === 'skip' && open.length > 0 ? overlapped(tick, open) : undefined
    const made = fault ?? attempt(() => makeJob(schedule, tick), tick)
    if ('reason' in made) {
      skipped.push(made)
      continue
    }
    jobs.push(made)
    fired.push({ tick, jobId: made.id })
  }
  const after = { ...advance(schedule, skipped, now), nextTick: due.fire[most] ?? due.nextTick }
  return {
    change: { schedule: withFires(after, fired, open, now), jobs },
    fired,
    skipped,
    replaced: overlap === 'replace' && jobs.length > 0 ? open : [],
  }
}

/** A schedule whose ticks cannot be told, e.g. because its time zone is gone, is looked at again after this many ms. */
const BROKEN_RETRY_MS = 3_600_000

/** What becomes of a schedule whose ticks cannot be told: it must not keep the others from firing. */
export function giveUp(schedule: Schedule, now: number, thrown: unknown): Decision {
  const skipped = [refused(schedule.nextTick ?? now, thrown)]
  const after = { ...advance(schedule, skipped, now), nextTick: now + BROKEN_RETRY_MS }
  return { change: { schedule: after, jobs: [] }, fired: [], skipped, replaced: [] }
}

/** A schedule after it made jobs. The tick of one that was fired by hand is null. */
export function withFires(
  schedule: Schedule,
  fires: readonly { tick: number | null; jobId: string }[],
  open: readonly string[],
  now: number,
): Schedule {
  const { counts, definition, lastFire } = schedule
  const last = fires.at(-1)
  const openJobs = definition.overlap === 'allow' ? [] : [...open, ...fires.map(({ jobId }) => jobId)]
  return {
    ...schedule,
    lastFire: last ? { ...last, at: now } : lastFire,
    counts: { ...counts, fired: counts.fired + fires.length },
    openJobs: openJobs.slice(-MOST_OPEN),
  }
}

function advance(schedule: Schedule, skipped: readonly Skip[], now: number): Schedule {
  const last = skipped.at(-1)
  const countOf = (isCounted: (reason: SkipReason) => boolean): number =>
    skipped.filter(({ reason }) => isCounted(reason)).reduce((sum, { count }) => sum + count, 0)
  const { counts, lastSkip } = schedule
  return {
    ...schedule,
    lastSkip: last ? { tick: last.tick, at: now, reason: last.reason, message: last.message } : lastSkip,
    counts: {
      fired: counts.fired,
      missed: counts.missed + countOf((reason) => reason === 'missed'),
      skipped: counts.skipped + countOf((reason) => reason !== 'missed'),
    },
  }
}

function missed(tick: number, count: number): Skip {
  const ticks = count === 1 ? 'One tick' : `${count} ticks`
  return { reason: 'missed', tick, count, message: `${ticks} passed while nobody could fire.` }
}

function overlapped(tick: number, open: readonly string[]): Skip {
  return { reason: 'overlap', tick, count: 1, message: `Job ${open[0]} had not ended.` }
}

function refused(tick: number, thrown: unknown): Skip {
  const code = thrown instanceof LongshoreError ? `${thrown.code}: ` : ''
  return { reason: 'refused', tick, count: 1, message: `${code}${messageOf(thrown)}` }
}

function attempt(make: () => NewJob, tick: number): NewJob | Skip {
  try {
    return make()
  } catch (thrown) {
    return refused(tick, thrown)
  }
}
