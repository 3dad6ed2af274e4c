import type { Job, JobEvent } from '@longshore/client'

/** One attempt in time; instants are ms since 1970. */
export interface Span {
  attempt: number
  /** Since when it could have begun. */
  due: number
  start: number
  /** Null while it runs. */
  end: number | null
  status: 'processing' | 'completed' | 'failed' | 'cancelled' | 'retried'
  /** What it came to, in words. */
  outcome: string
}

const ENDS: Readonly<Record<string, Pick<Span, 'status' | 'outcome'>>> = {
  'job.completed': { status: 'completed', outcome: 'completed' },
  'job.failed': { status: 'failed', outcome: 'failed' },
  'job.cancelled': { status: 'cancelled', outcome: 'cancelled' },
  'job.retried': { status: 'retried', outcome: 'failed, to be tried again' },
  'job.rescued': { status: 'retried', outcome: 'its worker died' },
  'job.interrupted': { status: 'cancelled', outcome: 'handed back by a stop' },
  'job.snoozed': { status: 'cancelled', outcome: 'put off by the processor' },
}

/** Every run of a job, in order; an interruption gives its number back, so a number may come twice. */
export function spansOf(job: Job, events: readonly JobEvent[]): Span[] {
  const spans: Span[] = []
  let due = Date.parse(job.created_at)
  for (const event of events) {
    const at = Date.parse(event.at)
    const end = ENDS[event.type]
    const open = spans.at(-1)?.end === null ? spans.at(-1) : undefined
    if (event.type === 'job.started') {
      const attempt = typeof event.attempt === 'number' ? event.attempt : spans.length + 1
      spans.push({ attempt, due: Math.min(due, at), start: at, end: null, status: 'processing', outcome: 'running' })
    } else if (end !== undefined && open !== undefined) {
      Object.assign(open, end, { end: at })
      due = typeof event.run_at === 'string' ? Date.parse(event.run_at) : at
    } else if (event.type === 'job.requeued') due = at
  }
  return spans
}
