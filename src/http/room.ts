import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  onRequestHookHandler,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Problem } from '../contract/problem.ts'
import { type Access, ROUTES, type Route, type RouteName, type Scope } from '../contract/routes.ts'
import type { ChangeFeed } from '../engine/change-feed.ts'
import type { Arrivals } from './arrival.ts'
import type { Gate } from './auth.ts'
import type { Caller } from './caller.ts'
import { type Guard, guardedBy } from './guard.ts'
import type { Holds } from './holds.ts'
import type { OwnRecords } from './own-records.ts'
import type { ReadTokens } from './read-tokens.ts'
import type { ServerParts } from './server-parts.ts'
import type { TraceparentOf } from './trace-requests.ts'

/** The Fastify instance with handlers typed by zod schemas. */
type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** What the route files share. */
export interface Room extends ServerParts {
  arrivals: Arrivals
  holds: Holds
  /** Lets in by key and scope; undefined when there are no keys. */
  gate: Gate | undefined
  /** Who makes a request. */
  callerOf(request: FastifyRequest): Caller
  /** Whether who makes a request would be let in now. */
  mayStay(request: FastifyRequest): boolean
  /** Keeps tenants to their own records. */
  own: OwnRecords
  /** Lets browsers read one job. */
  tokens: ReadTokens
  /** Lets readers follow all jobs. */
  changes: ChangeFeed
  /** Refuses requests of a key or a tenant that come too often. */
  limitPace: Guard
  /** Refuses requests while too many come. */
  guardLoad: Guard
  /** Refuses work while memory is short. */
  guardMemory: Guard
  /** Which span a request belongs to. */
  traceparentOf: TraceparentOf
  /** The path below which clients find the service: it goes before each path that an answer names. */
  basePath: string
  /** Makes a URL of this service absolute. */
  absolute(request: FastifyRequest, url: string): string
}

/** One topic's routes. */
export type Routes = (app: App, room: Room) => void

/** Method, path and access of a route of the table. */
export function routeOf<Name extends RouteName>(name: Name, room: Room) {
  const { method, path, access, takesToken, alwaysAnswered }: Route = ROUTES[name]
  const guards = guardsOf(ROUTES[name], room)
  const hooks = [...(guards.length > 0 ? [guardedBy(...guards)] : []), ...keyHooksOf(ROUTES[name], room)]
  // Whoever has a signed URL was counted when it was given.
  const config = needsKey(access) && !alwaysAnswered ? {} : { rateLimit: false as const }
  return { method, url: path, onRequest: hooks, config, ...(takesToken && { onSend: room.tokens.uncached }) }
}

/** What keeps the service from being asked for more than it can do. */
function guardsOf({ method, alwaysAnswered }: Route, room: Room): Guard[] {
  const takesWork = method === 'POST' || method === 'PUT'
  return [...(alwaysAnswered ? [] : [room.guardLoad]), ...(takesWork ? [room.guardMemory] : [])]
}

function keyHooksOf({ path, access, takesToken, alwaysAnswered }: Route, room: Room): onRequestHookHandler[] {
  if (!needsKey(access)) return []
  const paced = alwaysAnswered ? [] : [room.limitPace]
  const keyed = room.gate ? [guardedBy(room.gate(access), ...paced), ...ownRecordHooks(path, room)] : []
  return takesToken ? room.tokens.orElse(keyed) : keyed
}

/** A path that names a record reaches that of the caller's own tenant only. */
function ownRecordHooks(path: string, room: Room): onRequestHookHandler[] {
  if (!path.includes('/:job_id')) return []
  return [path.startsWith('/ingest/') ? room.own.ingest : room.own.job]
}

function needsKey(access: Access): access is Scope | 'known' {
  return access !== 'open' && access !== 'signed'
}

/** The parts of a request and the answers of a route. */
interface RouteSchema {
  params?: z.ZodType
  querystring?: z.ZodType
  body?: z.ZodType
  headers?: z.ZodType
  consumes?: string[]
  response: Record<number, Answer>
}

/** An answer as OpenAPI describes it: bodies by media type, or a described `null` for none. */
type Answer = { description: string; content: Record<string, { schema: z.ZodType }> } | z.ZodNull

/** A route's schema with its name, its security and the problems that any route may answer. */
export function describe<Schema extends RouteSchema>(name: RouteName, schema: Schema) {
  const { summary, access, path, takesToken }: Route = ROUTES[name]
  const { response, ...request } = schema
  return {
    // A field that nobody reads would be taken for one that was heard. Whoever probes an open route may send what he likes.
    ...(needsKey(access) && { querystring: NO_QUERY }),
    ...request,
    operationId: name,
    summary,
    tags: [tagOf(path)],
    security: needsKey(access)
      ? [{ apiKey: access === 'known' ? [] : [access] }, ...(takesToken ? [{ readToken: [] }] : [])]
      : [],
    response: { ...response, default: PROBLEM_ANSWER } as unknown,
  }
}

/** The query of routes that take none. */
export const NO_QUERY = z.strictObject({})

const PROBLEM_ANSWER: Answer = {
  description: 'A problem (RFC 9457): `code` names what was wrong, `detail` says what to do',
  content: { 'application/problem+json': { schema: Problem } },
}

/** An answer with a JSON body. */
export function json(description: string, schema: z.ZodType): Answer {
  return { description, content: { 'application/json': { schema } } }
}

/** An answer without a body. */
export function empty(description: string): Answer {
  return z.null().describe(description)
}

/** An answer whose body is plain text. */
export function text(description: string): Answer {
  return { description, content: { 'text/plain': { schema: z.string() } } }
}

/** An answer whose body is bytes. */
export function bytes(description: string): Answer {
  const schema = z.string().meta({ format: 'binary' })
  return { description, content: { 'application/octet-stream': { schema } } }
}

function tagOf(path: string): string {
  const first = path.split('/')[1] ?? ''
  return ['jobs', 'schedules', 'ingest', 'objects'].includes(first) ? first : 'service'
}
