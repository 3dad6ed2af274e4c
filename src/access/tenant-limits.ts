import { attributesOf, EntryFault, TENANT_NAME } from './entry.ts'

/** What one tenant may have at once; undefined sets no limit. */
export interface TenantLimits {
  /** Jobs that wait. */
  readonly queuedJobs: number | undefined
  /** Upload sessions that are open. */
  readonly openIngests: number | undefined
  readonly schedules: number | undefined
  /** Jobs that run. */
  readonly runningJobs: number | undefined
  /** Requests a minute, to one replica. */
  readonly requestsPerMinute: number | undefined
}

/** How many jobs of each tenant may run at once; undefined sets no limit. */
export interface TenantConcurrency {
  /** Of one that has none of its own. */
  readonly each: number | undefined
  readonly own: ReadonlyMap<string, number | undefined>
}

/** How many jobs of a tenant may run at once; `Infinity` without a limit. */
export function mostRunning({ each, own }: TenantConcurrency, tenant: string): number {
  return (own.has(tenant) ? own.get(tenant) : each) ?? Number.POSITIVE_INFINITY
}

/** What marks an entry as the limits of a tenant. */
const TENANT = 'tenant:'

const COUNT = { accepts: (value: string) => /^\d{1,9}$/.test(value), expected: 'a whole number; 0 sets no limit' }

const ATTRIBUTES = {
  max_queued_jobs: COUNT,
  max_open_ingests: COUNT,
  max_schedules: COUNT,
  concurrency: COUNT,
  rate_limit_per_minute: COUNT,
}

/** Whether an entry tells limits of a tenant, not a key. */
export function isTenantEntry(entry: string): boolean {
  return entry.startsWith(TENANT)
}

/**
 * Reads `tenant:<name>[;max_queued_jobs=…][;max_open_ingests=…][;max_schedules=…][;concurrency=…][;rate_limit_per_minute=…]`.
 * What it does not name is left as it is for all tenants. Throws {@link EntryFault}.
 */
export function parseTenantEntry(entry: string): { tenant: string; limits: Partial<TenantLimits> } {
  const [tenant = '', ...attributes] = entry.slice(TENANT.length).split(';')
  if (!TENANT_NAME.test(tenant)) throw new EntryFault('expected a tenant of up to 64 letters, digits, - _ and .')
  const given = attributesOf(attributes, ATTRIBUTES)
  const limit = (word: keyof typeof ATTRIBUTES, name: keyof TenantLimits): Partial<TenantLimits> =>
    given.has(word) ? { [name]: limitOf(Number(given.get(word))) } : {}
  return {
    tenant,
    limits: {
      ...limit('max_queued_jobs', 'queuedJobs'),
      ...limit('max_open_ingests', 'openIngests'),
      ...limit('max_schedules', 'schedules'),
      ...limit('concurrency', 'runningJobs'),
      ...limit('rate_limit_per_minute', 'requestsPerMinute'),
    },
  }
}

/** A limit as a setting has it: 0 sets none. */
export function limitOf(value: number): number | undefined {
  return value === 0 ? undefined : value
}
