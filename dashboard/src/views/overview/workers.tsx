import type { Worker } from '@longshore/client'
import { plural, shortId } from '../../format.ts'
import { Empty, Fault } from '../../parts/empty.tsx'
import { Link } from '../../parts/link.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Ago, now, Took } from '../../parts/time.tsx'

/** Jobs of one worker that are shown. */
const SHOWN = 8

/** A worker that was silent for so long may be dead, in ms; the service itself decides that by leases. */
const SILENT_MS = 25_000

const ROLES = { all: 'requests and jobs', api: 'requests', worker: 'jobs' } as const

/** Who is there and what each runs. */
export function Workers({ workers, error }: { workers: readonly Worker[] | undefined; error: string | undefined }) {
  return (
    <section class="card" aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      {error && <Fault error={error} />}
      {workers?.length === 0 && <Empty title="No worker runs a job of yours" />}
      <ul class="plain">
        {workers?.map((worker) => (
          <WorkerItem key={worker.name} worker={worker} />
        ))}
      </ul>
    </section>
  )
}

function WorkerItem({ worker }: { worker: Worker }) {
  const { name, role, started_at, seen_at, slots, busy, jobs } = worker
  // Jobs may be claimed ahead of slots: they wait for one, and use none.
  const used = Math.min(busy, slots)
  const isSilent = now.value - Date.parse(seen_at) > SILENT_MS
  return (
    <li class="worker">
      <div class="worker-head">
        <strong class="mono">{name}</strong>
        <span class="muted">{ROLES[role]}</span>
        <span class={isSilent ? 'late' : 'muted'}>
          {isSilent ? 'silent since ' : 'since '}
          <Ago at={isSilent ? seen_at : started_at} />
        </span>
        <span class="worker-slots">
          {used} / {slots}
          <Progress percent={slots === 0 ? 0 : (100 * used) / slots} label={`${name}: slots in use`} />
        </span>
      </div>
      <ul class="plain running">
        {jobs.slice(0, SHOWN).map((job) => (
          <li key={job.job_id}>
            <Link to={`/jobs/${job.job_id}`} class="mono" title={job.job_id}>
              {shortId(job.job_id)}
            </Link>
            <span class="clip muted">{job.stage}</span>
            <Progress percent={job.percent} label={`Progress of job ${shortId(job.job_id)}`} />
            <span class="number muted">
              <Took from={job.started_at} to={null} />
            </span>
          </li>
        ))}
        {busy > SHOWN && <li class="muted">and {plural(busy - SHOWN, 'more job')}</li>}
        {busy === 0 && slots > 0 && <li class="muted">Idle</li>}
      </ul>
    </li>
  )
}
