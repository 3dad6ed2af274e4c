import type { Job, JobEvent } from '@longshore/client'
import { absolute, duration } from '../../format.ts'
import { Icon } from '../../parts/icon.tsx'
import { Ago, now } from '../../parts/time.tsx'
import { type Span, spansOf } from './spans.ts'

/** When the job waited, when each attempt ran, and what it came to. */
export function Timeline({ job, events }: { job: Job; events: readonly JobEvent[] }) {
  const spans = spansOf(job, events)
  const from = Date.parse(job.created_at)
  const isOver = job.completed_at !== null
  const until = Math.max(from + 1, isOver ? Date.parse(job.completed_at ?? '') : now.value)
  return (
    <section class="card" aria-labelledby="timeline">
      <h2 id="timeline">
        Timeline <span class="muted">{duration((until - from) / 1000)} in all</span>
      </h2>
      <ol class="plain timeline">
        {spans.map((span) => (
          <Row key={span.attempt} span={span} from={from} until={until} />
        ))}
        {spans.length === 0 && <li class="muted">No attempt has begun.</li>}
      </ol>
      {job.errors.length > 0 && (
        <ol class="plain errors">
          {job.errors.map((error) => (
            <li key={`${error.attempt} ${error.at}`}>
              <span class="muted">
                Attempt {error.attempt}, <Ago at={error.at} />
              </span>{' '}
              <code>{error.code}</code>
              <p>{error.message}</p>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function Row({ span, from, until }: { span: Span; from: number; until: number }) {
  const share = (at: number): number => (100 * (at - from)) / (until - from)
  const end = span.end ?? until
  const waited = (span.start - span.due) / 1000
  const ran = (end - span.start) / 1000
  const text = `Attempt ${span.attempt}: ${waited > 0.5 ? `waited ${duration(waited)}, ` : ''}${span.end === null ? 'has run' : 'ran'} ${duration(ran)}, ${span.outcome}`
  return (
    <li class="span" title={`${absolute(new Date(span.start).toISOString())}\n${text}`}>
      <span class="span-track" aria-hidden="true">
        <span
          class="span-wait"
          style={{ left: `${share(span.due)}%`, width: `${share(span.start) - share(span.due)}%` }}
        />
        <span
          class={`span-run span-${span.status}`}
          style={{ left: `${share(span.start)}%`, width: `max(4px, ${share(end) - share(span.start)}%)` }}
        />
      </span>
      <span class="span-text">
        <Icon name={span.status} />
        {text}
      </span>
    </li>
  )
}
