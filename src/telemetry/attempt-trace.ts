import type { Job, Lease } from '../job/job.ts'
import type { Stage, Verdict } from './facts.ts'
import { type SpanPlace, TraceSpan } from './trace-span.ts'

/** Verdicts after which nobody needs to look. */
const GOOD: ReadonlySet<Verdict> = new Set(['completed', 'cancelled', 'snoozed', 'interrupted'])

/** The spans of one attempt, below the submit of its job. */
export class AttemptTrace {
  readonly #attempt: TraceSpan
  #stage: TraceSpan | undefined

  /** Begins with what is over already: the wait for a worker, and from the claim to a free slot. */
  constructor(place: SpanPlace, job: Job, lease: Lease) {
    const { SpanKind } = place.api
    const claimedAt = job.startedAt ?? Date.now()
    const dueAt = Math.min(job.runAt, claimedAt)
    new TraceSpan(place, 'job.wait', { startTime: dueAt }).end(claimedAt)
    this.#attempt = new TraceSpan(place, 'job.attempt', {
      kind: SpanKind.CONSUMER,
      startTime: claimedAt,
      attributes: {
        'longshore.job.id': job.id,
        'longshore.job.attempt': lease.attempt,
        'longshore.worker': lease.worker,
        'longshore.processor': job.processor.name,
      },
    })
    this.#attempt.child('job.claim', { startTime: claimedAt }).end()
  }

  /** The span to hang others below just now. */
  get traceparent(): string {
    return (this.#stage ?? this.#attempt).traceparent
  }

  /** Runs a stage in a span of its own. */
  async stage<Result>(stage: Exclude<Stage, 'wait'>, action: () => Promise<Result>): Promise<Result> {
    const span = this.#attempt.child(`job.${stage}`)
    this.#stage = span
    try {
      return await span.during(action)
    } finally {
      this.#stage = undefined
    }
  }

  /** Writes one object of the outputs in a span of its own, from its opening until it is durable. */
  output<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
    return this.#attempt.child('job.output.object', { attributes: { 'longshore.object.key': key } }).during(action)
  }

  end(verdict: Verdict): void {
    this.#attempt.describe({ 'longshore.job.outcome': verdict })
    if (!GOOD.has(verdict)) this.#attempt.fail(verdict)
    // A span that began at a given instant ends at a whole ms, rounded down: up, or its last stage would end after it.
    this.#attempt.end(Date.now() + 1)
  }
}
