import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { limitOf } from '../access/tenant-limits.ts'
import { type ErrorCode, LongshoreError } from '../base/errors.ts'
import { describeFaults, faultsOf } from '../base/faults.ts'
import { isEmpty } from '../base/is-empty.ts'
import { traceIdOf } from '../base/traceparent.ts'
import { ChangeFeed } from '../engine/change-feed.ts'
import { type ListLimits, tooManyIn } from './array-limits.ts'
import { Arrivals } from './arrival.ts'
import { mayStay, openGate } from './auth.ts'
import { ANYONE, type Caller, identifyCallers, NOBODY, notedCaller } from './caller.ts'
import { allowOrigins } from './cors.ts'
import { dashboard } from './dashboard/dashboard.ts'
import { meetRequests } from './every-request.ts'
import { Holds } from './holds.ts'
import { jsonBodyParser } from './json-body.ts'
import { knownError } from './known-errors.ts'
import { loadGuard } from './load-guard.ts'
import { memoryGuard } from './memory-guard.ts'
import { unmatched } from './method-not-allowed.ts'
import { describeApi, serveApiDescription } from './openapi.ts'
import { absoluteUrls, basePathOf } from './origin.ts'
import { OwnRecords } from './own-records.ts'
import { limitPace } from './pace.ts'
import { problemHeaders, problemOf } from './problem.ts'
import { ReadTokens } from './read-tokens.ts'
import { NO_QUERY, type Room, type Routes } from './room.ts'
import { activityRoutes } from './routes/activity.ts'
import { allEvents } from './routes/all-events.ts'
import { bulkActions } from './routes/bulk-actions.ts'
import { ingestRoutes } from './routes/ingest.ts'
import { jobActions } from './routes/job-actions.ts'
import { jobDetails } from './routes/job-details.ts'
import { jobEvents } from './routes/job-events.ts'
import { jobTokens } from './routes/job-tokens.ts'
import { jobWebhooks } from './routes/job-webhooks.ts'
import { listJobs } from './routes/list-jobs.ts'
import { metricsRoute } from './routes/metrics.ts'
import { objectRoutes } from './routes/objects.ts'
import { readJob } from './routes/read-job.ts'
import { scheduleRoutes } from './routes/schedules.ts'
import { serviceRoutes } from './routes/service.ts'
import { submitJob } from './routes/submit-job.ts'
import { uploadForm } from './routes/upload-form.ts'
import { serverOptions } from './server-options.ts'
import type { ServerParts } from './server-parts.ts'
import { SilentSockets } from './silent-sockets.ts'
import { type TraceparentOf, traceRequests } from './trace-requests.ts'
import { watchRequests } from './watch-requests.ts'

export type { ServerParts } from './server-parts.ts'

const JSON_ROUTES: readonly Routes[] = [
  serviceRoutes,
  metricsRoute,
  submitJob,
  listJobs,
  readJob,
  jobDetails,
  jobActions,
  jobEvents,
  jobTokens,
  jobWebhooks,
  scheduleRoutes,
  bulkActions,
  activityRoutes,
  allEvents,
  ingestRoutes,
  dashboard,
]

/** The HTTP service: every route of the contract, ready to listen or to be called by `inject`. */
export function buildServer(parts: ServerParts): FastifyInstance {
  const app = Fastify(serverOptions(parts))
  meetRequests(app, parts.config.publicUrl)
  identifyCallers(app)
  const room = furnish(parts, traceRequests(app, parts.tracing))
  const { limits, corsOrigins } = parts.config
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => validator(schema, httpPart ?? 'body', limits))
  app.setSerializerCompiler(() => JSON.stringify)
  // Without this, every answer looks for the serializer of its status and media type, to find the same one.
  app.setReplySerializer((payload) => JSON.stringify(payload))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', jsonBodyParser(limits, room.arrivals))
  if (parts.facts?.isHeard) watchRequests(app, parts.facts)
  app.addHook('onRoute', (route) => {
    const readsNoBody = [route.method].flat().some((method) => method === 'GET' || method === 'HEAD')
    if (readsNoBody) route.onRequest = [room.arrivals.endUnread, ...[route.onRequest ?? []].flat()]
  })
  if (corsOrigins.length > 0) allowOrigins(app, corsOrigins)
  answerErrors(app, room)
  if (limits.requestsPerMinute > 0) limitRate(app, limits.requestsPerMinute)
  describeApi(app, room)
  for (const routes of [...JSON_ROUTES, uploadForm, objectRoutes]) {
    app.register(async (scope) => routes(scope, room))
  }
  app.register(async (scope) => serveApiDescription(scope, room))
  const silent = new SilentSockets(app.server)
  app.addHook('preClose', async () => closeGracefully(app, room, silent))
  return app
}

function furnish(parts: ServerParts, traceparentOf: TraceparentOf): Room {
  const gate = openGate(parts.access, parts.clock)
  const callerOf = (request: FastifyRequest): Caller => notedCaller(request) ?? (gate ? NOBODY : ANYONE)
  return {
    ...parts,
    traceparentOf,
    gate,
    callerOf,
    mayStay: (request) => mayStay(callerOf(request), parts.access, parts.clock.now()),
    tokens: new ReadTokens(tokenSecret(parts), parts.clock),
    own: new OwnRecords({ ...parts, callerOf }),
    arrivals: new Arrivals(parts.clock, parts.config.limits.requestTimeoutMs),
    holds: new Holds((count) => parts.facts?.tell({ type: 'requests.held', count })),
    changes: new ChangeFeed(parts.activity, parts.clock),
    limitPace: limitPace({ ...parts, callerOf, perKey: limitOf(parts.config.limits.requestsPerMinuteByKey) }),
    guardLoad: loadGuard(parts.config.limits.loopDelayMs),
    guardMemory: memoryGuard(parts.clock),
    basePath: basePathOf(parts.config.publicUrl),
    absolute: absoluteUrls(parts.config.publicUrl),
  }
}

/** Replicas that share no secret would each sign with one of their own. */
function tokenSecret({ config, signingSecret }: ServerParts): string | undefined {
  return config.database === undefined ? signingSecret : config.signingSecret
}

/** Checks one part of a request; every fault has a JSON pointer, into the body or below `/query`, `/params`. */
function validator(schema: z.ZodType, httpPart: string, limits: ListLimits) {
  const prefix = httpPart === 'body' ? '' : httpPart === 'querystring' ? '/query' : `/${httpPart}`
  return (data: unknown): { value: unknown } | { error: LongshoreError } => {
    // Most requests have no query where none is taken: to ask the schema takes longer than to see it.
    if (schema === NO_QUERY && isEmpty(data as object)) return { value: data }
    const tooMany = httpPart === 'body' ? tooManyIn(data, limits) : undefined
    if (tooMany) return { error: tooMany }
    const parsed = schema.safeParse(data)
    if (parsed.success) return { value: parsed.data }
    const errors = faultsOf(parsed.error, prefix)
    const detail = `The request is not as expected: ${describeFaults(errors)}.`
    return { error: new LongshoreError('VALIDATION_FAILED', detail, { errors }) }
  }
}

function answerErrors(app: FastifyInstance, { arrivals, callerOf, traceparentOf, facts, jobs }: Room): void {
  const whose = (request: FastifyRequest): Record<string, string> => {
    const { tenant } = callerOf(request)
    const traceId = traceIdOf(traceparentOf(request) ?? null)
    return { ...(tenant && { tenant }), ...(traceId !== undefined && { trace_id: traceId }) }
  }
  const answer = (error: LongshoreError, reply: FastifyReply): void => {
    if (CLOSING_CODES.has(error.code)) reply.header('connection', 'close')
    arrivals.linger(reply.request.raw)
    facts?.tell({ type: 'request.refused', code: error.code })
    const problem = problemOf(error, reply.request.id)
    reply.code(error.status).headers(problemHeaders(error)).send(JSON.stringify(problem))
  }
  app.setErrorHandler((thrown, request, reply) => {
    const error = knownError(thrown)
    if (error.status >= 500) request.log.error({ ...whose(request), err: thrown, url: request.url }, error.message)
    if (error.code !== 'QUEUE_FULL') return answer(error, reply)
    return jobs.whenToReturn(error).then((timed) => answer(timed, reply))
  })
  app.setNotFoundHandler((request, reply) => {
    const { error, allow } = unmatched(request.method, request.url)
    if (allow !== undefined) reply.header('allow', allow)
    answer(error, reply)
  })
}

/** After these the connection holds bytes that nobody will read. */
const CLOSING_CODES: ReadonlySet<ErrorCode> = new Set(['REQUEST_TIMEOUT'])

/** Before anything else of a route: whoever guesses keys is counted, too. */
function limitRate(app: FastifyInstance, perMinute: number): void {
  app.register(rateLimit, {
    global: false,
    max: perMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { ttl }) =>
      new LongshoreError('RATE_LIMITED', `More than ${perMinute} requests in a minute came from this address.`, {
        retryAfterMs: ttl,
      }),
  })
  app.after(() => {
    const limit = app.rateLimit()
    app.addHook('onRequest', async function (request, reply) {
      if (request.routeOptions.config.rateLimit !== false) await limit.call(this, request, reply)
    })
  })
}

/** Ends streams and connections without a request at once and gives the rest the grace that running jobs get; then connections are cut. */
function closeGracefully(app: FastifyInstance, { holds, clock, config }: Room, silent: SilentSockets): void {
  holds.closeAll()
  silent.cut()
  const timer = clock.setTimer(config.shutdownGraceMs, () => app.server.closeAllConnections())
  app.server.once('close', () => timer.cancel())
}
