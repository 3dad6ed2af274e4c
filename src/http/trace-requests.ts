import type { FastifyInstance, FastifyRequest } from 'fastify'
import { formatTraceparent, parseTraceparent } from '../base/traceparent.ts'
import { ROUTES } from '../contract/routes.ts'
import type { RequestTrace, Tracing } from '../telemetry/tracing.ts'

/** Routes that are asked all day by machines; a trace of them tells nothing. */
const QUIET: ReadonlySet<string | undefined> = new Set([ROUTES.alive.path, ROUTES.ready.path, ROUTES.metrics.path])

/** Answers which span a request belongs to; undefined when none. */
export type TraceparentOf = (request: FastifyRequest) => string | undefined

/** Begins and ends a span with every request, and says in the answer which; without tracing, the client's own is all there is. */
export function traceRequests(app: FastifyInstance, tracing: Tracing | undefined): TraceparentOf {
  if (tracing === undefined) return givenTraceparent
  const spans = new WeakMap<FastifyRequest, RequestTrace>()
  app.addHook('onRequest', (request, reply, done) => {
    const { method, routeOptions, url, headers } = request
    if (QUIET.has(routeOptions.url)) return done()
    const [path = ''] = url.split('?', 1)
    const span = tracing.request({ method, route: routeOptions.url ?? 'none', path, traceparent: headers.traceparent })
    spans.set(request, span)
    reply.header('traceparent', span.traceparent)
    span.within(done)
  })
  app.addHook('onResponse', (request, reply, done) => {
    spans.get(request)?.end(reply.statusCode)
    done()
  })
  return (request) => spans.get(request)?.traceparent ?? givenTraceparent(request)
}

function givenTraceparent({ headers }: FastifyRequest): string | undefined {
  const given = headers.traceparent === undefined ? undefined : parseTraceparent(headers.traceparent)
  return given && formatTraceparent(given)
}
