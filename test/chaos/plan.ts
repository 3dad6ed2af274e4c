import { randomOf } from '../support/random.ts'
import type { ChaosOptions } from './options.ts'

/** Everybody who works on the jobs: what part they have, and how they run the processor. */
export const MEMBERS = [
  { name: 'inline', role: 'all', execution: 'inline' },
  { name: 'thread', role: 'all', execution: 'thread' },
  { name: 'process', role: 'worker', execution: 'process' },
  { name: 'command', role: 'worker', execution: 'command' },
] as const

/** Those of them that take requests. */
export const FRONTS = 2

/**
 * What can strike, with how often. Of one member: `kill`, `term`, `freeze` (SIGSTOP, later SIGCONT), `freeze-all` (with
 * its children), `kill-child`, its connections to the database `cut`, `stalled` or refused (`away`), its listening
 * connections `deaf`, its connections to the store cut, stalled or refused. Of all: the database `restarted` (fast),
 * crashed (immediate) or killed, its listening connections ended, the store away.
 */
const KINDS = {
  kill: 14,
  term: 8,
  freeze: 12,
  'freeze-all': 8,
  'kill-child': 8,
  cut: 12,
  stall: 8,
  away: 6,
  deaf: 6,
  'store-cut': 8,
  'store-stall': 4,
  'store-away': 6,
  'database-fast': 4,
  'database-immediate': 3,
  'database-killed': 3,
  'listeners-ended': 6,
  'store-gone': 3,
} as const

export type FaultKind = keyof typeof KINDS

/** One fault: what, to whom, when from the start of the run and for how long, in ms. */
export interface Fault {
  kind: FaultKind
  atMs: number
  /** Index in {@link MEMBERS}; meaningless for a fault of all. */
  member: number
  lengthMs: number
}

const WAYS = { inline: 50, form: 20, manifest: 10, parts: 6, client: 10, abandoned: 4 } as const
const WORKS = {
  plain: 30,
  long: 14,
  outputs: 22,
  retry: 8,
  snooze: 8,
  cancel: 10,
  always: 4,
  unrecoverable: 4,
} as const

/** One thing that a client wants: how it hands the job in, what that is to do, when from the start. */
export interface Errand {
  number: number
  atMs: number
  way: keyof typeof WAYS
  work: keyof typeof WORKS
  /** Which member that takes requests is asked first. */
  front: number
  /** Input files. */
  files: number
  /** From 0 to 1: how long, how much. */
  size: number
  /** Waits for the job through the service, as clients do. */
  waits: boolean
}

/** All that is to happen in a run. The same options give the same plan. */
export interface Plan {
  faults: Fault[]
  errands: Errand[]
  /** The member whose clock is wrong, and by how much. */
  wrongClock: { member: number; offsetMs: number }
}

/** Longest fault: three leases, so that some leases run out and some do not. */
const LONGEST_LEASES = 3

/** Plans a run. */
export function planOf({ seed, jobs, faults, durationMs, leaseMs }: ChaosOptions): Plan {
  const next = randomOf(seed)
  const below = (count: number): number => Math.floor(next() * count)
  return {
    wrongClock: { member: below(MEMBERS.length), offsetMs: (next() < 0.5 ? -1 : 1) * 3_600_000 },
    faults: Array.from({ length: faults }, (_, i) => ({
      kind: drawn(KINDS, next()),
      atMs: Math.round(((i + next()) / faults) * durationMs),
      member: below(MEMBERS.length),
      // Squared: most are short, as they are in life.
      lengthMs: Math.round(100 + next() ** 2 * LONGEST_LEASES * leaseMs),
    })),
    errands: Array.from({ length: jobs }, (_, number) => ({
      number,
      atMs: Math.round((number / jobs) * durationMs),
      way: wayOf(drawn(WAYS, next()), number / jobs),
      work: drawn(WORKS, next()),
      front: below(FRONTS),
      files: 1 + below(4),
      size: next(),
      waits: next() < 0.1,
    })),
  }
}

/** Uploads that nobody completes must expire before the run ends. */
function wayOf(way: Errand['way'], share: number): Errand['way'] {
  return way === 'abandoned' && share > 0.5 ? 'inline' : way
}

/** One of the names, as often as its weight says. */
function drawn<Name extends string>(weights: Readonly<Record<Name, number>>, share: number): Name {
  const entries = Object.entries<number>(weights) as [Name, number][]
  let left = share * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [name, weight] of entries) {
    left -= weight
    if (left < 0) return name
  }
  throw new RangeError(`${share} is not below 1`)
}
