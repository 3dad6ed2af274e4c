import type { Job } from '@longshore/client'
import type { ComponentChildren } from 'preact'
import { bytes, count, duration } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { Ago, Took } from '../../parts/time.tsx'
import { jobsOf, ownerOf } from '../../state/owner.ts'

/** What a job is made of. */
export function Facts({ job }: { job: Job }) {
  const { files, labels, group, tenant, schedule, processor } = job
  const owner = ownerOf(tenant)
  return (
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl>
        <Fact name="Created">
          <Ago at={job.created_at} />
        </Fact>
        {job.started_at && (
          <Fact name="Started">
            <Ago at={job.started_at} />
          </Fact>
        )}
        {job.completed_at && job.started_at && (
          <Fact name="Ran">
            <Took from={job.started_at} to={job.completed_at} />
          </Fact>
        )}
        <Fact name="Attempt">
          {job.attempt} of {job.max_attempts}
        </Fact>
        <Fact name="Files">
          {count(files.done)} of {count(files.total)} done{files.failed > 0 && `, ${count(files.failed)} failed`},{' '}
          {bytes(files.bytes)}
        </Fact>
        {job.worker && <Fact name="Worker">{job.worker}</Fact>}
        <Fact name="Processor">
          {processor.name} {processor.version}
        </Fact>
        <Fact name="Priority">{job.priority}</Fact>
        <Fact name="Time-out">{duration(job.timeout_seconds)} an attempt</Fact>
        {owner !== undefined && (
          <Fact name="Tenant">
            <Link to={`/jobs?${new URLSearchParams({ tenant: owner })}`}>{owner}</Link>
          </Fact>
        )}
        {group !== null && (
          <Fact name="Group">
            <Link to={jobsOf({ group }, tenant)}>{group}</Link>
          </Fact>
        )}
        {schedule !== null && (
          <Fact name="Schedule">
            <Link to={jobsOf({ schedule: schedule.name }, tenant)}>{schedule.name}</Link>
          </Fact>
        )}
        {job.callback_url !== null && <Fact name="Webhook">{job.callback_url}</Fact>}
        {Object.entries(labels).map(([name, value]) => (
          <Fact key={name} name={name}>
            <Link to={`/jobs?${new URLSearchParams({ label: `${name}=${value}` })}`}>{value || '(empty)'}</Link>
          </Fact>
        ))}
      </dl>
    </section>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
