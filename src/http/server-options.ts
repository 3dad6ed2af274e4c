import type { Server } from 'node:http'
import Fastify, { type FastifyHttpOptions, type FastifyReply } from 'fastify'
import { knownError } from './known-errors.ts'
import { problemHeaders, problemOf } from './problem.ts'
import { requestIds } from './request-id.ts'
import { SECURITY_HEADERS } from './security-headers.ts'
import type { ServerParts } from './server-parts.ts'
import { answerOnSocket } from './socket-problem.ts'

/** Longest request line with all header fields, as in Node itself and most proxies. */
const MAX_HEADER_BYTES = 16 * 1024

/** Longer than load balancers keep idle connections (60 s), so that they never send into one that is just closing. */
const KEEP_ALIVE_MS = 72_000

/** Longest path parameter: ids are 36 characters. */
const MAX_PARAMETER_LENGTH = 256

/** How Fastify and the server below it are set. */
export function serverOptions({ config, logger }: ServerParts): FastifyHttpOptions<Server> {
  const { requestTimeoutMs, bodyBytes } = config.limits
  return {
    ...loggerOptions(logger),
    logController: new Fastify.LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestIds(),
    requestIdHeader: false,
    trustProxy: config.trustProxy,
    bodyLimit: bodyBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Bodies are timed by `Arrivals`: Node's own limit would cut an upload that takes hours.
    requestTimeout: 0,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: false,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(30_000, requestTimeoutMs / 2),
    },
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    return503OnClosing: false,
    // A start takes as long as it takes, e.g. to migrate a long history: cut off, it would only begin again.
    pluginTimeout: 0,
    clientErrorHandler: answerOnSocket,
    frameworkErrors: (thrown, request, reply) => answerProblem(reply as unknown as FastifyReply, thrown, request.id),
  }
}

/** Answers what Fastify refuses before it has a route, e.g. a path that cannot be decoded. */
function answerProblem(reply: FastifyReply, thrown: unknown, requestId: string): void {
  const error = knownError(thrown)
  reply
    .code(error.status)
    .headers({ ...SECURITY_HEADERS, ...problemHeaders(error) })
    .send(JSON.stringify(problemOf(error, requestId)))
}

function loggerOptions(logger: ServerParts['logger']): Pick<FastifyHttpOptions<Server>, 'logger' | 'loggerInstance'> {
  if (logger === undefined) return {}
  return typeof logger === 'object' && 'child' in logger ? { loggerInstance: logger } : { logger }
}
