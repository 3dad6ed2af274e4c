import type { Job, Progress } from '../job/job.ts'
import type { JobCounts, JobQuery, Page } from './job-engine.ts'

/** Which jobs are meant: a {@link JobQuery} without its pages. */
export type JobFilter = Omit<JobQuery, 'limit' | 'cursor'>

/** How many jobs of a tenant stand where, and when the one of them that has been due longest became due. */
export type TenantCounts = Pick<JobCounts, 'states' | 'oldestDueAt'>

/** What is counted: how jobs ended, attempts that will be tried again, and how long attempts waited for their start. */
export const TALLY_KINDS = ['completed', 'failed', 'cancelled', 'retried', 'waited'] as const

export type TallyKind = (typeof TALLY_KINDS)[number]

/** So many jobs of one kind and one length in one slice of time. */
export interface Tally {
  /** When the slice begins, in ms since 1970. */
  at: number
  kind: TallyKind
  /** How long the attempt ran, or waited: a step of {@link stepOf}. */
  step: number
  jobs: number
}

/** Jobs of one kind that are due and wait. */
export interface QueueClass {
  jobs: number
  /** When the one that has been due longest became due, in ms since 1970; null when there is none. */
  oldestDueAt: number | null
}

/** What waits, by whether its clients named a group. */
export interface QueueLook {
  grouped: QueueClass
  ungrouped: QueueClass
}

/** A look at the queue goes over so many jobs: 3 ms, however many wait. */
export const QUEUE_LOOK = 5_000

/** Which slices of time to count. */
export interface TallyQuery {
  /** From this instant, a multiple of `sliceMs`, in ms since 1970. */
  from: number
  /** Length of a slice in ms, a whole number of minutes. */
  sliceMs: number
  /** Only this tenant's jobs. */
  tenant?: string
}

/** What a process of the service says of itself. */
export interface Presence {
  /** As its jobs name their worker. */
  name: string
  role: 'all' | 'api' | 'worker'
}

/** A job that an attempt works on now. */
export interface RunningJob {
  id: string
  attempt: number
  startedAt: number
  progress: Progress
  tenant: string | null
}

/** A process of the service that lives. Instants are ms since 1970. */
export interface WorkerRecord extends Presence {
  startedAt: number
  /** The last time it said that it lives. */
  seenAt: number
  /** Jobs that may run there at once; 0 where none do. */
  slots: number
  /** The jobs that run there, oldest first; of very many, some. */
  running: RunningJob[]
  /** How many run there. */
  busy: number
}

/** A job as far as those who watch many of them at once hear of it. */
export type JobGlance = Pick<
  Job,
  | 'id'
  | 'tenant'
  | 'state'
  | 'version'
  | 'createdAt'
  | 'updatedAt'
  | 'startedAt'
  | 'completedAt'
  | 'cancelRequestedAt'
  | 'attempt'
  | 'worker'
  | 'progress'
  | 'error'
>

/** Hears of jobs that changed; undefined when some changed that are not told one by one. Must not throw. */
export type ChangeListener = (job: JobGlance | undefined) => void

/**
 * What a person who looks at the whole service wants to know, beside the engine's own verbs. Counts are written with the
 * settlement they tell of, so that nothing is counted twice or lost.
 */
export interface Activity {
  /** How many jobs a filter matches. */
  count(filter: JobFilter): Promise<number>
  /** How a tenant's jobs stand. */
  countsOf(tenant: string): Promise<TenantCounts>
  /** The ids of jobs, newest first, for work on many of them. */
  ids(query: JobQuery): Promise<Page<string>>
  /** Who is there. */
  workers(): Promise<WorkerRecord[]>
  /** What waits, among the 5,000 jobs that have been due longest: where more are due, there are at least so many. */
  queue(): Promise<QueueLook>
  /** What ended since an instant, by slice, kind and length; minutes are kept for two days, hours for 90. */
  tallies(query: TallyQuery): Promise<Tally[]>
  /** Makes hours of old minutes, and drops what is older than 90 days. */
  foldTallies(): Promise<void>
  /**
   * Hears of changes of all jobs, wherever they were stored; returns how to stop listening. Of changes elsewhere that
   * follow each other closely only the newest is told, and a few may be missed.
   */
  watch(listener: ChangeListener): () => void
}

/** Slices are at least this long, in ms. */
export const MINUTE_MS = 60_000

const HOUR_MS = 3_600_000

/** Minutes older than this become hours, in ms. */
export const MINUTES_KEPT_MS = 48 * HOUR_MS

/** Hours older than this are dropped, in ms. */
export const TALLIES_KEPT_MS = 90 * 24 * HOUR_MS

/** Four steps to the octave: a length read back is within a tenth of what was measured. */
const STEPS_PER_OCTAVE = 4

/** The step of a length of time in ms: 0 for none, else 1 and its logarithm. */
export function stepOf(ms: number): number {
  return ms < 1 ? 0 : 1 + Math.round(STEPS_PER_OCTAVE * Math.log2(ms))
}

/** The length of time in ms that a step stands for. */
export function lengthOf(step: number): number {
  return step === 0 ? 0 : 2 ** ((step - 1) / STEPS_PER_OCTAVE)
}
