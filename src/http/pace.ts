import type { FastifyRequest } from 'fastify'
import type { AccessList } from '../access/access-list.ts'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import type { Caller } from './caller.ts'
import type { Guard } from './guard.ts'
import { RequestRates } from './request-rates.ts'

/** What limiting stands on. */
export interface PaceParts {
  access: AccessList
  clock: Clock
  /** Requests a minute by one key; undefined sets no limit. */
  perKey: number | undefined
  callerOf(request: FastifyRequest): Caller
}

/** Holds each key, and all keys of a tenant together, to their requests a minute. */
export function limitPace({ access, clock, perKey, callerOf }: PaceParts): Guard {
  const [keys, tenants] = [new RequestRates(), new RequestRates()]
  return (request) => {
    const { name, tenant } = callerOf(request)
    const perTenant = access.limitsOf(tenant).requestsPerMinute
    const now = clock.now()
    const keyWaitMs = perKey === undefined ? 0 : keys.take(`${tenant} ${name}`, perKey, now)
    if (keyWaitMs > 0) return tooFast(`with this key (KEY_RATE_LIMIT_PER_MINUTE is ${perKey})`, keyWaitMs)
    const tenantWaitMs = tenant === null || perTenant === undefined ? 0 : tenants.take(tenant, perTenant, now)
    return tenantWaitMs > 0 ? tooFast(`by tenant ${tenant} (its limit is ${perTenant})`, tenantWaitMs) : undefined
  }
}

function tooFast(whose: string, retryAfterMs: number): LongshoreError {
  return new LongshoreError('RATE_LIMITED', `Too many requests a minute came ${whose}.`, { retryAfterMs })
}
