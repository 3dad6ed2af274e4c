import type { Stats, Worker } from '@longshore/client'
import type { ComponentChildren } from 'preact'
import { compact, count, duration, plural } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { Sparkline } from '../../parts/sparkline.tsx'
import { caller } from '../../state/session.ts'

/** The few figures that say whether all is well. */
export function Figures({ stats, workers }: { stats: Stats | undefined; workers: readonly Worker[] | undefined }) {
  const slots = slotsOf(workers)
  const processing = stats?.states.processing ?? 0
  const slices = stats?.slices ?? []
  const whole = stats?.whole
  const ended = (whole?.completed ?? 0) + (whole?.failed ?? 0)
  return (
    <section class="figures" aria-label="Figures">
      <Figure
        name="Processing"
        value={stats && count(slots ? Math.min(processing, slots) : processing)}
        to="/jobs?status=processing"
      >
        {slots === 0 ? 'no slots' : slots && `of ${count(slots)} slots`}
      </Figure>
      <Figure name="Queued" value={stats && compact(stats.states.queued ?? 0)} to="/jobs?status=queued">
        {stats && waitOf(stats)}
      </Figure>
      <Figure
        name="Completed"
        value={whole && compact(whole.completed)}
        to="/jobs?status=completed"
        spark={<Sparkline values={slices.map((slice) => slice.completed)} colour="--completed" />}
      >
        {stats && rate(stats, startOf(workers))}
      </Figure>
      <Figure
        name="Failed"
        value={whole && compact(whole.failed)}
        to="/jobs?status=failed"
        spark={<Sparkline values={slices.map((slice) => slice.failed + slice.retried)} colour="--failed" />}
      >
        {ended === 0 ? 'no job ended' : `${((100 * (whole?.failed ?? 0)) / ended).toFixed(1)} % of jobs`}
        {(whole?.retried ?? 0) > 0 && `, ${plural(whole?.retried ?? 0, 'retry', 'retries')}`}
      </Figure>
      <Figure name="Run time" value={whole && (whole.ran ? duration(whole.ran.p50_seconds) : '–')}>
        {whole?.ran ? `p95 ${duration(whole.ran.p95_seconds)}` : 'median of completed'}
      </Figure>
      <Figure name="Wait" value={whole && (whole.waited ? duration(whole.waited.p50_seconds) : '–')}>
        {whole?.waited ? `p95 ${duration(whole.waited.p95_seconds)}` : 'median before the start'}
      </Figure>
    </section>
  )
}

/** A tenant sees only the workers that run jobs of its own, and those run others', too: it is told of no slots. */
function slotsOf(workers: readonly Worker[] | undefined): number | undefined {
  if (workers === undefined || caller.value.tenant !== null) return undefined
  return workers.reduce((sum, worker) => sum + worker.slots, 0)
}

/** When the first of the processes that are there began, in ms since 1970; 0 to a tenant, who may not see that one. */
function startOf(workers: readonly Worker[] | undefined): number {
  if (!workers?.length || caller.value.tenant !== null) return 0
  return Math.min(...workers.map(({ started_at }) => Date.parse(started_at)))
}

interface FigureProps {
  name: string
  value: string | undefined
  to?: string
  spark?: ComponentChildren
  children?: ComponentChildren
}

function Figure({ name, value, to, spark, children }: FigureProps) {
  return (
    <div class="figure">
      <div class="figure-name">{to ? <Link to={to}>{name}</Link> : name}</div>
      <div class="figure-value">{value ?? '…'}</div>
      <div class="figure-more">{children ?? '\u00a0'}</div>
      {spark}
    </div>
  )
}

/** Over less time a rate would tell of chance, in seconds. */
const SHORTEST = 10

/** How many end a minute, of the last tenth of the window as far as the service ran in it. */
function rate({ at, slices, slice_seconds }: Stats, started: number): string {
  const tenth = slices.slice(-Math.max(2, Math.ceil(slices.length / 10)))
  const newest = tenth.filter((slice) => Date.parse(slice.at) + slice_seconds * 1000 > started)
  const from = Math.max(started, Date.parse(newest[0]?.at ?? at))
  const jobs = newest.reduce((sum, slice) => sum + slice.completed, 0)
  const perMinute = (60 * jobs) / Math.max(SHORTEST, (Date.parse(at) - from) / 1000)
  return `${perMinute >= 10 || perMinute === 0 ? compact(Math.round(perMinute)) : perMinute.toFixed(1)} a minute lately`
}

function waitOf({ states, queue_age_seconds: age }: Stats): string {
  if (age > 0) return `oldest waits ${duration(age)}`
  return states.queued ? 'none is due yet' : 'nothing waits'
}
