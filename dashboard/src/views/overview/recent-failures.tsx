import { shortId } from '../../format.ts'
import { Empty } from '../../parts/empty.tsx'
import { Link } from '../../parts/link.tsx'
import { Ago } from '../../parts/time.tsx'
import { useLoad } from '../../state/load.ts'
import { client } from '../../state/session.ts'

const SHOWN = 6

/** The newest jobs that failed, and why. */
export function RecentFailures({ failed }: { failed: number }) {
  const newest = useLoad((signal) => client().listJobs({ status: 'failed', limit: SHOWN }, { signal }), `${failed}`)
  const jobs = newest.value?.jobs
  return (
    <section class="card" aria-labelledby="failures">
      <h2 id="failures">
        <Link to="/jobs?status=failed">Failed</Link>
      </h2>
      {jobs?.length === 0 && (
        <Empty title="No job has failed">
          <p>One that runs out of attempts is kept here for you to look at and to try again.</p>
        </Empty>
      )}
      <ul class="plain failures">
        {jobs?.map((job) => (
          <li key={job.job_id}>
            <Link to={`/jobs/${job.job_id}`} class="mono" title={job.job_id}>
              {shortId(job.job_id)}
            </Link>
            <span class="clip" title={job.error ?? ''}>
              {job.error}
            </span>
            <span class="muted number">
              <Ago at={job.completed_at ?? job.updated_at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
