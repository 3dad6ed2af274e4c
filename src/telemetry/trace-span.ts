import type { Attributes, Context, SpanOptions, Tracer } from '@opentelemetry/api'
import { LongshoreError } from '../base/errors.ts'
import { formatTraceparent, parseTraceparent } from '../base/traceparent.ts'

/** OpenTelemetry's API, as it is loaded where it is installed. */
export type OtelApi = typeof import('@opentelemetry/api')

/** Where spans are made, and below which one. */
export interface SpanPlace {
  api: OtelApi
  tracer: Tracer
  context: Context
}

/** The place below a span of another process; below none without a valid `traceparent`. */
export function placeBelow({ api, tracer }: Omit<SpanPlace, 'context'>, traceparent: string | null): SpanPlace {
  const parent = parseTraceparent(traceparent)
  const context = parent ? api.trace.setSpanContext(api.ROOT_CONTEXT, { ...parent, isRemote: true }) : api.ROOT_CONTEXT
  return { api, tracer, context }
}

/** A span that is under way, and the place for others below it. */
export class TraceSpan {
  readonly #above: SpanPlace
  readonly #span
  #below: SpanPlace | undefined

  constructor(place: SpanPlace, name: string, options: SpanOptions = {}) {
    this.#above = place
    this.#span = place.tracer.startSpan(name, options, place.context)
  }

  /** Made when it is asked for: most spans have none below them. */
  get #place(): SpanPlace {
    const { api, tracer, context } = this.#above
    this.#below ??= { api, tracer, context: api.trace.setSpan(context, this.#span) }
    return this.#below
  }

  /** As W3C Trace Context writes it. */
  get traceparent(): string {
    return formatTraceparent(this.#span.spanContext())
  }

  /** Begins a span below this one. */
  child(name: string, options?: SpanOptions): TraceSpan {
    return new TraceSpan(this.#place, name, options)
  }

  /** Runs `action` so that spans which others begin in it hang below this one. */
  within<Result>(action: () => Result): Result {
    return this.#place.api.context.with(this.#place.context, action)
  }

  /** Runs `action` within the span and ends it with the action. */
  async during<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await this.within(action)
    } catch (thrown) {
      this.fail(errorType(thrown))
      throw thrown
    } finally {
      this.end()
    }
  }

  describe(attributes: Attributes): void {
    this.#span.setAttributes(attributes)
  }

  /** Marks it as failed, by a word: texts of errors may hold what is nobody's business. */
  fail(type: string): void {
    this.#span.setAttribute('error.type', type)
    this.#span.setStatus({ code: this.#above.api.SpanStatusCode.ERROR })
  }

  /** @param at in ms since 1970; now unless given */
  end(at?: number): void {
    this.#span.end(at)
  }
}

function errorType(thrown: unknown): string {
  if (thrown instanceof LongshoreError) return thrown.code
  return thrown instanceof Error ? thrown.name : 'OTHER'
}
