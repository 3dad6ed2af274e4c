import type { Job } from '@longshore/client'
import { shortId } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Status } from '../../parts/status.tsx'
import { Ago, Took } from '../../parts/time.tsx'
import { ownerOf } from '../../state/owner.ts'
import { ask } from '../../state/router.ts'

/** A page of jobs, each in a row of one height: nothing moves when one of them does. */
export function JobTable({ jobs, isLoading }: { jobs: readonly Job[]; isLoading: boolean }) {
  return (
    <table class={isLoading ? 'jobs loading' : 'jobs'} aria-busy={isLoading}>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Job</th>
          <th scope="col" class="wide">
            Labels
          </th>
          <th scope="col">Details</th>
          <th scope="col" class="number wide">
            Attempt
          </th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col" class="number">
            Created
          </th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <JobRow key={job.job_id} job={job} />
        ))}
      </tbody>
    </table>
  )
}

function JobRow({ job }: { job: Job }) {
  return (
    <tr>
      <td>
        <Status status={job.status} isStopping={job.cancel_requested_at !== null} />
      </td>
      <td>
        <Link to={`/jobs/${job.job_id}`} class="mono" title={job.job_id}>
          {shortId(job.job_id)}
        </Link>
      </td>
      <td class="wide">
        <Labels job={job} />
      </td>
      <td class="doing">
        <Doing job={job} />
      </td>
      <td class="number wide">
        {job.attempt} / {job.max_attempts}
      </td>
      <td class="number">{job.started_at ? <Took from={job.started_at} to={endOf(job)} /> : '–'}</td>
      <td class="number">
        <Ago at={job.created_at} />
      </td>
    </tr>
  )
}

/** When the newest attempt ended; of one that waits for its next, it is not told. */
function endOf({ status, completed_at, updated_at }: Job): string | null {
  if (status === 'processing') return null
  return completed_at ?? updated_at
}

/** A tenant knows whose its jobs are; who sees those of all is told. */
function Labels({ job: { group, tenant, labels } }: { job: Job }) {
  const owner = ownerOf(tenant)
  const ofOwner = owner === undefined ? {} : { tenant: owner }
  const all = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return (
    <span
      class="labels"
      title={[
        ...(owner === undefined ? [] : [`tenant ${owner}`]),
        ...(group === null ? [] : [`group ${group}`]),
        ...all,
      ].join('\n')}
    >
      {owner !== undefined && (
        <button
          type="button"
          class="chip chip-button chip-tenant"
          aria-label={`Tenant ${owner}`}
          onClick={() => ask({ ...ofOwner, cursor: undefined })}
        >
          {owner}
        </button>
      )}
      {group !== null && (
        <button type="button" class="chip chip-button" onClick={() => ask({ group, ...ofOwner, cursor: undefined })}>
          {group}
        </button>
      )}
      {all.slice(0, 3).map((label) => (
        <button
          key={label}
          type="button"
          class="chip chip-button"
          onClick={() => ask({ label: [label], cursor: undefined })}
        >
          {label}
        </button>
      ))}
      {all.length > 3 && <span class="muted">+{all.length - 3}</span>}
    </span>
  )
}

/** What is most worth knowing of a job in its state. */
function Doing({ job }: { job: Job }) {
  const { status, error, progress, errors, run_at, attempt } = job
  if (status === 'failed')
    return (
      <span class="clip" title={error ?? ''}>
        {error}
      </span>
    )
  if (status === 'processing') {
    const message = [progress?.stage, progress?.message].filter(Boolean).join(': ')
    return (
      <span class="doing-now">
        <Progress percent={progress?.percent} label={`Progress of job ${shortId(job.job_id)}`} />
        <span class="clip muted" title={message}>
          {message}
        </span>
      </span>
    )
  }
  if (status === 'queued' && Date.parse(run_at) > Date.now()) {
    return (
      <span class="clip muted">
        {attempt > 0 ? 'tried again ' : 'due '}
        <Ago at={run_at} />
        {attempt > 0 && `, after: ${errors.at(-1)?.message ?? ''}`}
      </span>
    )
  }
  return <span class="muted">{status === 'queued' ? 'waits' : ''}</span>
}
