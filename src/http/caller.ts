import type { FastifyInstance, FastifyRequest } from 'fastify'
import { SCOPES, type Scope } from '../contract/routes.ts'

/** Who makes a request, as its key says. */
export interface Caller {
  /** What the key is called, for logs; never the key itself. */
  readonly name: string
  /** The tenant whose jobs the caller sees; null sees those of all. */
  readonly tenant: string | null
  readonly scopes: readonly Scope[]
  /** When the key ends, in ms since 1970; null means never. */
  readonly expiresAt: number | null
}

/** Whoever calls a service without keys. */
export const ANYONE: Caller = { name: 'anyone', tenant: null, scopes: SCOPES, expiresAt: null }

/** Whoever calls a route that asks for no key, where there are keys: may do nothing, and no job is of this tenant. */
export const NOBODY: Caller = { name: 'nobody', tenant: '', scopes: [], expiresAt: null }

const CALLER = Symbol('caller')

interface Identified {
  [CALLER]?: Caller | null
}

/** Gives requests a place for their caller: with one shape for all of them reading it stays cheap. */
export function identifyCallers(app: FastifyInstance): void {
  app.decorateRequest(CALLER, null)
}

/** Notes who makes a request. */
export function noteCaller(request: FastifyRequest, caller: Caller): void {
  const identified = request as FastifyRequest & Identified
  identified[CALLER] = caller
}

/** Who was noted to make a request. */
export function notedCaller(request: FastifyRequest): Caller | undefined {
  return (request as FastifyRequest & Identified)[CALLER] ?? undefined
}
