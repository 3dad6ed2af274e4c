import { createRequire } from 'node:module'
import type { ProxyTracerProvider } from '@opentelemetry/api'
import { systemCodeOf } from '../base/errors.ts'
import { parseTraceparent } from '../base/traceparent.ts'
import type { Job, Lease, NewJob } from '../job/job.ts'
import { AttemptTrace } from './attempt-trace.ts'
import { type OtelApi, placeBelow, type SpanPlace, TraceSpan } from './trace-span.ts'

/** The span of one HTTP request. */
export interface RequestTrace {
  readonly traceparent: string
  within<Result>(action: () => Result): Result
  end(status: number): void
}

/** What a trace says of a delivery. */
interface TracedDelivery {
  id: string
  jobId: string
  /** Tries before this one. */
  attempt: number
  traceparent: string | null
}

/** What a trace says of a try; the attempt is null when it was broken off. */
interface TriedDelivery {
  state: string
  attempt: { status: number | null; error: string | null } | null
}

/** Tells OpenTelemetry of requests, submits, attempts and deliveries. */
export class Tracing {
  readonly #place: Omit<SpanPlace, 'context'>

  constructor(api: OtelApi) {
    this.#place = { api, tracer: api.trace.getTracer('longshore') }
  }

  /** Has OpenTelemetry send the spans that it still holds; rejects when it cannot. What was set up may know no such thing. */
  async flush(): Promise<void> {
    const provider: object = this.#place.api.trace.getTracerProvider()
    const setUp = 'getDelegate' in provider ? (provider as ProxyTracerProvider).getDelegate() : provider
    if ('forceFlush' in setUp && typeof setUp.forceFlush === 'function') await setUp.forceFlush()
  }

  /** Begins the span of a request: below the one that is active, if HTTP itself is traced, else below the client's. */
  request(request: { method: string; route: string; path: string; traceparent: unknown }): RequestTrace {
    const { api } = this.#place
    const { method, route, path, traceparent } = request
    const span = new TraceSpan(this.#placeOf(traceparent), `${method} ${route}`, {
      kind: api.SpanKind.SERVER,
      attributes: { 'http.request.method': method, 'http.route': route, 'url.path': path },
    })
    return {
      traceparent: span.traceparent,
      within: (action) => span.within(action),
      end: (status) => {
        span.describe({ 'http.response.status_code': status })
        if (status >= 500) span.fail(String(status))
        span.end()
      },
    }
  }

  /** Submits a job in a span of its own, which is the one the job keeps. */
  enqueue<Answer extends { job: Pick<Job, 'id'>; replayed: boolean }>(
    job: NewJob,
    submit: (job: NewJob) => Promise<Answer>,
  ): Promise<Answer> {
    const span = this.#enqueueSpan(job)
    return span.during(async () => {
      const answer = await submit({ ...job, traceparent: span.traceparent })
      span.describe({ 'longshore.job.id': answer.job.id, 'longshore.job.replayed': answer.replayed })
      return answer
    })
  }

  /** The same of jobs that are kept within changes. Of a change that was not made, nothing is told: a span that never ends. */
  async enqueueWithin<Change extends { jobs: readonly NewJob[] }>(
    changes: readonly Change[],
    make: (changes: readonly Change[]) => Promise<boolean[]>,
  ): Promise<boolean[]> {
    const begun = changes.map((change) => {
      const spans = new Map(change.jobs.map((job) => [job.id, this.#enqueueSpan(job)]))
      return { spans, change: { ...change, jobs: change.jobs.map((job) => namedBy(spans.get(job.id), job)) } }
    })
    const made = await make(begun.map(({ change }) => change))
    for (const { spans } of begun.filter((_, place) => made[place])) {
      for (const [id, span] of spans) {
        span.describe({ 'longshore.job.id': id, 'longshore.job.replayed': false })
        span.end()
      }
    }
    return made
  }

  #enqueueSpan(job: NewJob): TraceSpan {
    const { api } = this.#place
    // A tick belongs to no request, though its timer may have been set in one.
    const isOfTick = (job.schedule?.tick ?? null) !== null
    const place = isOfTick ? placeBelow(this.#place, null) : this.#placeOf(job.traceparent)
    return new TraceSpan(place, 'job.enqueue', {
      kind: api.SpanKind.PRODUCER,
      attributes: {
        'longshore.processor': job.processor.name,
        ...(job.schedule && { 'longshore.schedule': job.schedule.name }),
      },
    })
  }

  /** Begins the trace of an attempt, below the submit of its job. */
  attempt(job: Job, lease: Lease): AttemptTrace {
    return new AttemptTrace(placeBelow(this.#place, job.traceparent), job, lease)
  }

  /** Tries to tell a receiver in a span of its own, below the submit of the job. Of the URL only its host: the rest may be a secret. */
  deliver<Outcome extends TriedDelivery>(
    { id, jobId, attempt, traceparent }: TracedDelivery,
    host: string,
    attemptIt: (traceparent: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { api } = this.#place
    const span = new TraceSpan(placeBelow(this.#place, traceparent), 'webhook.deliver', {
      kind: api.SpanKind.CLIENT,
      attributes: {
        'longshore.job.id': jobId,
        'longshore.delivery.id': id,
        'longshore.delivery.attempt': attempt + 1,
        'server.address': host,
      },
    })
    return span.during(async () => {
      const outcome = await attemptIt(span.traceparent)
      const { status = null, error = null } = outcome.attempt ?? {}
      span.describe({ 'longshore.delivery.state': outcome.state })
      if (status !== null) span.describe({ 'http.response.status_code': status })
      if (error !== null) span.fail(status === null ? 'NO_ANSWER' : String(status))
      return outcome
    })
  }

  /** An active span of another trace than the one asked for belongs to something else. */
  #placeOf(traceparent: unknown): SpanPlace {
    const { api, tracer } = this.#place
    const asked = parseTraceparent(traceparent)
    const active = api.trace.getSpanContext(api.context.active())
    if (active && (asked === undefined || asked.traceId === active.traceId)) {
      return { api, tracer, context: api.context.active() }
    }
    return placeBelow(this.#place, typeof traceparent === 'string' ? traceparent : null)
  }
}

function namedBy(span: TraceSpan | undefined, job: NewJob): NewJob {
  return span ? { ...job, traceparent: span.traceparent } : job
}

/** Tracing, where OpenTelemetry is installed and was set up before; undefined otherwise, and then no span is made. */
export function findTracing(): Tracing | undefined {
  const api = loadApi()
  if (api === undefined) return undefined
  const provider = api.trace.getTracerProvider()
  const isSetUp = !(provider instanceof api.ProxyTracerProvider) || provider.getDelegateTracer('longshore')
  return isSetUp ? new Tracing(api) : undefined
}

/** The API is an optional peer. It is asked for by `require`, which is done at once and fails without rejecting anything. */
function loadApi(): OtelApi | undefined {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api')
  } catch (failure) {
    if (systemCodeOf(failure) === 'MODULE_NOT_FOUND') return undefined
    throw failure
  }
}
