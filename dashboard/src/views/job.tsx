import type { Job, JobEvent } from '@longshore/client'
import { useEffect, useState } from 'preact/hooks'
import { Empty, Fault } from '../parts/empty.tsx'
import { Link } from '../parts/link.tsx'
import { type Loaded, useLoad, useSoon } from '../state/load.ts'
import { client } from '../state/session.ts'
import { Data } from './job/data.tsx'
import { Deliveries } from './job/deliveries.tsx'
import { Facts } from './job/facts.tsx'
import { Files } from './job/files.tsx'
import { Head } from './job/head.tsx'
import { Logs } from './job/logs.tsx'
import { Outputs } from './job/outputs.tsx'
import { Timeline } from './job/timeline.tsx'

/** Everything about one job, as it happens. */
export function JobView({ id }: { id: string }) {
  const job = useLoad((signal) => client().getJob(id, { signal }), id)
  const events = useEvents(id, job)
  const { value } = job
  if (value === undefined) {
    return job.error ? (
      <Empty title="This job cannot be shown" isView>
        <Fault error={job.error} retry={job.reload} />
        <p>
          <Link to="/jobs">To all jobs</Link>
        </p>
      </Empty>
    ) : (
      <p class="starting">Reading the job…</p>
    )
  }
  return (
    <div class="view job">
      <Head job={value} onChange={job.reload} />
      <div class="columns columns-job">
        <div class="stack">
          <Timeline job={value} events={events} />
          <Outputs job={value} />
          <Files job={value} />
          <Logs job={value} events={events} />
        </div>
        <div class="stack">
          <Facts job={value} />
          <Data name="Parameters" value={value.parameters} />
          <Data name="Result" value={value.result} />
          <Deliveries job={value} />
        </div>
      </div>
    </div>
  )
}

/** The job's events from the first one; each also reads the job anew, a few times a second at most. */
function useEvents(id: string, job: Loaded<Job>): readonly JobEvent[] {
  const [events, setEvents] = useState<readonly JobEvent[]>([])
  const readSoon = useSoon(job.reload, 300)
  // A retry adds events after the final one, and may be over before anybody looks.
  const round = job.value?.completed_at ?? 'on'
  useEffect(() => {
    const stop = new AbortController()
    const follow = async (): Promise<void> => {
      const heard: JobEvent[] = []
      for await (const event of client().jobEvents(id, { signal: stop.signal })) {
        heard.push(event)
        setEvents([...heard])
        readSoon()
      }
    }
    follow().catch(() => {})
    return () => stop.abort()
  }, [id, round])
  return events
}
