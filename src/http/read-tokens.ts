import type { FastifyReply, FastifyRequest, onRequestHookHandler, onSendHookHandler } from 'fastify'
import { signReadToken, verifyReadToken } from '../access/read-token.ts'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { noteCaller } from './caller.ts'

/**
 * Read tokens: a page in a browser reads one job by `?token=…`, because an `EventSource` sends no headers. A token stands
 * in an address, so what it opens is kept in no cache.
 */
export class ReadTokens {
  readonly #secret: string | undefined
  readonly #clock: Clock

  /** @param secret the same on every replica; without one there are no tokens */
  constructor(secret: string | undefined, clock: Clock) {
    this.#secret = secret
    this.#clock = clock
  }

  /** Makes a token for a job; throws `ROUTE_NOT_FOUND` where there are none. */
  sign(jobId: string, expiresAt: number): string {
    if (this.#secret !== undefined) return signReadToken(this.#secret, jobId, expiresAt)
    throw new LongshoreError(
      'ROUTE_NOT_FOUND',
      'Read tokens need SIGNING_SECRET, the same on every replica: a token of one must be good at all.',
    )
  }

  /** Lets in by the token of the query, if there is one, else by the hooks that a key is asked for with. */
  readonly orElse = (hooks: readonly onRequestHookHandler[]): onRequestHookHandler[] => {
    const unlessLetIn = (hook: onRequestHookHandler): onRequestHookHandler =>
      function (request, reply, done) {
        if (bearers.has(request)) done()
        else hook.call(this, request, reply, done)
      }
    return [this.#admit, ...hooks.map(unlessLetIn)]
  }

  /** Keeps answers to a token out of every cache. */
  readonly uncached: onSendHookHandler = (request: FastifyRequest, reply: FastifyReply, payload, done) => {
    if (bearers.has(request)) reply.header('cache-control', 'no-store')
    done(null, payload)
  }

  /** The token is taken out of the query, which routes check strictly. */
  readonly #admit: onRequestHookHandler = (request, _reply, done) => {
    const query = request.query as Record<string, unknown>
    const { token } = query
    if (token === undefined) return done()
    delete query.token
    try {
      const { job_id } = request.params as { job_id: string }
      const expiresAt = verifyReadToken(this.#secret ?? '', job_id, token, this.#clock.now())
      bearers.add(request)
      noteCaller(request, { name: 'read token', tenant: null, scopes: ['read'], expiresAt })
      done()
    } catch (failure) {
      done(failure as Error)
    }
  }
}

/** Requests that a token let in. */
const bearers = new WeakSet<FastifyRequest>()
