import type { Job, JobEvent, LogLine } from '@longshore/client'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Fault } from '../../parts/empty.tsx'
import { useLoad, useSoon } from '../../state/load.ts'
import { client } from '../../state/session.ts'

/** Lines that are read; the service keeps about as many. */
const TAIL = 1_000

/** Lines are written down with progress; events may come more often than it is worth to read, in ms. */
const PAUSE_MS = 500

/** A processor may log without telling progress: then no event says that there are new lines, in ms. */
const QUIET_MS = 2_000

/** What the processor logged, as it comes: read when an event came, and now and then while the job runs. */
export function Logs({ job, events }: { job: Job; events: readonly JobEvent[] }) {
  const isRunning = job.status === 'processing'
  const [follows, setFollows] = useState(true)
  const box = useRef<HTMLDivElement>(null)
  const key = `${job.job_id} ${job.status} ${job.attempt}`
  const logs = useLoad(
    (signal) => client().logs(job.job_id, { tail: TAIL, signal }),
    key,
    isRunning ? QUIET_MS : undefined,
  )
  const readSoon = useSoon(logs.reload, PAUSE_MS)
  useEffect(() => {
    if (isRunning) readSoon()
  }, [events.length])
  const lines = logs.value ?? []
  useEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [lines.length, follows])
  return (
    <section class="card" aria-labelledby="logs">
      <h2 id="logs">
        Log <span class="muted">{isRunning ? 'as it comes' : ''}</span>
        <label class="check follow">
          <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.currentTarget.checked)} />
          Stay at the end
        </label>
      </h2>
      {logs.error && <Fault error={logs.error} retry={logs.reload} />}
      <div class="log" ref={box} role="log" aria-labelledby="logs" aria-live="off" tabIndex={0}>
        {lines.map((line, i) => (
          <Line key={`${line.at} ${i}`} line={line} />
        ))}
        {lines.length === 0 && <span class="muted">{logs.value ? 'Nothing was logged.' : '…'}</span>}
      </div>
    </section>
  )
}

function Line({ line: { at, level, message, attempt, fields } }: { line: LogLine }) {
  return (
    <div class={`line line-${level}`}>
      <time dateTime={at} title={`${at}, attempt ${attempt}`}>
        {at.slice(11, 23)}
      </time>
      <span class="level">{level}</span>
      <span class="said">
        {message}
        {fields && <span class="muted"> {JSON.stringify(fields)}</span>}
      </span>
    </div>
  )
}
