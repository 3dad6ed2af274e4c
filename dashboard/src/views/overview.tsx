import type { Stats, Worker } from '@longshore/client'
import { Fault } from '../parts/empty.tsx'
import { FirstJob } from '../parts/first-job.tsx'
import { useChanges } from '../state/live.ts'
import { useLoad, useSoon } from '../state/load.ts'
import { ask, query } from '../state/router.ts'
import { client } from '../state/session.ts'
import { Figures } from './overview/figures.tsx'
import { History } from './overview/history.tsx'
import { RecentFailures } from './overview/recent-failures.tsx'
import { Workers } from './overview/workers.tsx'

type Window = 'hour' | 'day' | 'week' | 'month'

const WINDOWS: readonly [Window, string, string][] = [
  ['hour', '1 h', 'Last hour'],
  ['day', '24 h', 'Last 24 hours'],
  ['week', '7 d', 'Last 7 days'],
  ['month', '30 d', 'Last 30 days'],
]

/** What the service does now, and did of late. */
export function OverviewView() {
  const window = WINDOWS.find(([name]) => name === query.value.get('window'))?.[0] ?? 'hour'
  const stats = useLoad((signal) => client().stats({ window, signal }), window, window === 'hour' ? 5_000 : 60_000)
  const workers = useLoad((signal) => client().workers({ signal }), 'workers', 10_000)
  const readSoon = useSoon(() => {
    if (window === 'hour') stats.reload()
    workers.reload()
  }, 2_000)
  useChanges((news) => {
    if (news.type !== 'changed') return readSoon()
    const { job } = news
    const known = workers.value?.some(({ jobs }) => jobs.some(({ job_id }) => job_id === job.job_id)) ?? false
    if (known && job.status === 'processing') workers.change((all) => all.map((worker) => moved(worker, job)))
    else readSoon()
  })
  const { value } = stats
  return (
    <div class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>Overview</h1>
        <fieldset class="segments">
          <legend class="hidden">Window of time</legend>
          {WINDOWS.map(([name, short, long]) => (
            <label key={name} title={long}>
              <input
                type="radio"
                name="window"
                checked={name === window}
                onChange={() => ask({ window: name === 'hour' ? undefined : name })}
              />
              <span>{short}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {stats.error && <Fault error={stats.error} retry={stats.reload} />}
      {value && isUnused(value) && <FirstJob />}
      <Figures stats={value} workers={workers.value} />
      <History stats={value} />
      <div class="columns">
        <Workers workers={workers.value} error={workers.error} />
        <RecentFailures failed={value?.states.failed ?? 0} />
      </div>
    </div>
  )
}

function isUnused({ states }: Stats): boolean {
  return Object.values(states).every((jobs) => jobs === 0)
}

function moved(worker: Worker, job: { job_id: string; stage: string; percent: number | null }): Worker {
  const jobs = worker.jobs.map((each) =>
    each.job_id === job.job_id ? { ...each, stage: job.stage, percent: job.percent } : each,
  )
  return { ...worker, jobs }
}
