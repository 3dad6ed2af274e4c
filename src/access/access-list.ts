import { timingSafeEqual } from 'node:crypto'
import { type ApiKey, digestOf, isExpired, parseKeyEntry } from './api-key.ts'
import { EntryFault } from './entry.ts'
import { isTenantEntry, parseTenantEntry, type TenantConcurrency, type TenantLimits } from './tenant-limits.ts'

/** What is compared when no key has the digest, so that an unknown key takes as long as a known one. */
const NO_DIGEST = Buffer.alloc(32)

/** Every entry as it was read. */
interface Entries {
  keys: ReadonlyMap<string, ApiKey>
  limits: ReadonlyMap<string, Partial<TenantLimits>>
  /** Of the limits, those of jobs that run. */
  running: ReadonlyMap<string, number | undefined>
}

/** Who is let in now, and what each tenant may have. What it says changes when its file does. */
export class AccessList {
  /** Whether anyone is let in without a key: no entry was ever given. */
  readonly isOpen: boolean
  readonly #defaults: TenantLimits
  #entries: Entries

  /** @param defaults what a tenant may have that has no entry of its own */
  constructor(entries: readonly string[], defaults: TenantLimits) {
    this.isOpen = entries.length === 0
    this.#defaults = defaults
    this.#entries = readEntries(entries)
  }

  /** Takes other entries in the place of all. Throws {@link EntryFault} and then keeps those it has. */
  replace(entries: readonly string[]): void {
    const read = readEntries(entries)
    if (read.keys.size === 0) throw new EntryFault('expected at least one key')
    this.#entries = read
  }

  /** Every key, in the order of the entries. */
  get keys(): readonly ApiKey[] {
    return [...this.#entries.keys.values()]
  }

  /**
   * The key that was presented, if it is one of ours. It is found by its SHA-256, which nobody can steer towards that of a
   * key he does not have, and compared in constant time.
   */
  find(presented: string): ApiKey | undefined {
    const digest = digestOf(presented)
    const found = this.#entries.keys.get(digest.toString('hex'))
    return timingSafeEqual(found?.digest ?? NO_DIGEST, digest) ? found : undefined
  }

  /** Whether a key that was let in before still may all it could then, for the same tenant: entries change, and keys end. */
  holds({ digest, tenant, scopes }: ApiKey, now: number): boolean {
    const key = this.#entries.keys.get(digest.toString('hex'))
    if (key === undefined || key.tenant !== tenant || isExpired(key, now)) return false
    return scopes.every((scope) => key.scopes.includes(scope))
  }

  /** What a tenant may have; nothing is limited for who has none. */
  limitsOf(tenant: string | null): TenantLimits {
    return tenant === null ? UNLIMITED : { ...this.#defaults, ...this.#entries.limits.get(tenant) }
  }

  /** How many jobs of each tenant may run at once; undefined while none has a limit. */
  get concurrency(): TenantConcurrency | undefined {
    const { running } = this.#entries
    const each = this.#defaults.runningJobs
    const isLimited = each !== undefined || [...running.values()].some((most) => most !== undefined)
    return isLimited ? { each, own: running } : undefined
  }
}

/** No limit at all. */
export const UNLIMITED: TenantLimits = {
  queuedJobs: undefined,
  openIngests: undefined,
  schedules: undefined,
  runningJobs: undefined,
  requestsPerMinute: undefined,
}

/** Reads entries; throws {@link EntryFault} that says which one is wrong, and how. */
export function readEntries(entries: readonly string[]): Entries {
  const keys = new Map<string, ApiKey>()
  const limits = new Map<string, Partial<TenantLimits>>()
  for (const [index, entry] of entries.entries()) {
    try {
      if (isTenantEntry(entry)) addLimits(limits, entry)
      else addKey(keys, entry)
    } catch (fault) {
      if (!(fault instanceof EntryFault)) throw fault
      throw new EntryFault(`entry ${index + 1}: ${fault.message}`)
    }
  }
  if (entries.length > 0 && keys.size === 0) throw new EntryFault('expected at least one key')
  const running = [...limits].flatMap(([tenant, own]) =>
    'runningJobs' in own ? [[tenant, own.runningJobs] as const] : [],
  )
  return { keys, limits, running: new Map(running) }
}

function addKey(keys: Map<string, ApiKey>, entry: string): void {
  const key = parseKeyEntry(entry)
  const digest = key.digest.toString('hex')
  if (keys.has(digest)) throw new EntryFault(`the key of ${key.name} is there already`)
  keys.set(digest, key)
}

function addLimits(limits: Map<string, Partial<TenantLimits>>, entry: string): void {
  const { tenant, limits: own } = parseTenantEntry(entry)
  if (limits.has(tenant)) throw new EntryFault(`the limits of tenant ${tenant} are there already`)
  limits.set(tenant, own)
}
