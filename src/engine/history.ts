import { lengthOf, type Tally, type TallyKind } from './activity.ts'

/** How long most attempts took, in ms. */
export interface Lengths {
  /** Half of them at most. */
  p50Ms: number
  /** 95 of 100 at most. */
  p95Ms: number
}

/** What a stretch of time came to. */
export interface Sums extends Record<Exclude<TallyKind, 'waited'>, number> {
  /** How long attempts that completed ran; null when none did. */
  ran: Lengths | null
  /** How long attempts had waited since their job was due; null when none ended. */
  waited: Lengths | null
}

/** One slice of time. */
export interface Slice extends Sums {
  /** When it begins, in ms since 1970. */
  at: number
}

/** What each slice from `from` to `now` came to, those in which nothing ended too, and what all did together. */
export function historyOf(
  tallies: readonly Tally[],
  { from, sliceMs, now }: { from: number; sliceMs: number; now: number },
): { slices: Slice[]; whole: Sums } {
  const bySlice = Map.groupBy(tallies, ({ at }) => at)
  const slices: Slice[] = []
  for (let at = from; at <= now; at += sliceMs) slices.push({ at, ...sumsOf(bySlice.get(at) ?? []) })
  return { slices, whole: sumsOf(tallies) }
}

function sumsOf(tallies: readonly Tally[]): Sums {
  const count = (wanted: TallyKind): number =>
    tallies.reduce((sum, { kind, jobs }) => sum + (kind === wanted ? jobs : 0), 0)
  return {
    completed: count('completed'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    retried: count('retried'),
    ran: lengthsOf(tallies, 'completed'),
    waited: lengthsOf(tallies, 'waited'),
  }
}

function lengthsOf(tallies: readonly Tally[], wanted: TallyKind): Lengths | null {
  const steps = tallies.filter(({ kind }) => kind === wanted).sort((a, b) => a.step - b.step)
  if (steps.length === 0) return null
  return { p50Ms: quantile(steps, 0.5), p95Ms: quantile(steps, 0.95) }
}

/** The length that a share of the jobs stays within; `steps` are in order. */
function quantile(steps: readonly Tally[], share: number): number {
  const wanted = share * steps.reduce((sum, { jobs }) => sum + jobs, 0)
  let seen = 0
  const at = steps.find(({ jobs }) => {
    seen += jobs
    return seen >= wanted
  })
  return Math.round(lengthOf(at?.step ?? 0))
}
