import type { FastifyRequest } from 'fastify'
import type { AccessList } from '../access/access-list.ts'
import { type ApiKey, isExpired } from '../access/api-key.ts'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Scope } from '../contract/routes.ts'
import { type Caller, noteCaller } from './caller.ts'
import type { Guard } from './guard.ts'

/** Gives the guard that lets in who may do what a scope names, or whoever has a key. */
export type Gate = (needed: Scope | 'known') => Guard

/**
 * Lets in who sends one of the keys as `Authorization: Bearer …`, if its scopes have the one that is needed. Undefined when
 * there are no keys.
 */
export function openGate(access: AccessList, clock: Clock): Gate | undefined {
  if (access.isOpen) return undefined
  return (needed) => (request) => {
    const found = identify(request, access, clock.now())
    if (found instanceof LongshoreError) return found
    if (needed !== 'known' && !found.scopes.includes(needed)) return scopeMissing(found, needed)
    noteCaller(request, found)
    return undefined
  }
}

/** Whether who was let in before would be let in now: what is open for long asks again. */
export function mayStay(caller: Caller | ApiKey, access: AccessList, now: number): boolean {
  return 'digest' in caller ? access.holds(caller, now) : !isExpired(caller, now)
}

function identify(request: FastifyRequest, access: AccessList, now: number): ApiKey | LongshoreError {
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
  if (given === undefined) return refused('Send an API key as `Authorization: Bearer <key>`.')
  const key = access.find(given)
  if (key === undefined) return refused('The API key is not known.')
  if (isExpired(key, now)) return refused('The API key has expired; ask for a new one.')
  return key
}

function refused(detail: string): LongshoreError {
  return new LongshoreError('UNAUTHENTICATED', detail)
}

function scopeMissing({ scopes }: ApiKey, needed: Scope): LongshoreError {
  return new LongshoreError(
    'FORBIDDEN',
    `This needs a key with the scope "${needed}"; yours has ${scopes.map((scope) => `"${scope}"`).join(', ')}.`,
  )
}
