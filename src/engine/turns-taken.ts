import { tenantOfGroup } from '../job/queue-group.ts'

/** Turns are remembered for at most so many priorities and tenants; beyond it, all begin a new turn. */
const MOST_TURNS = 10_000

/**
 * Which group was served last. A tenant is one in the round of all, whatever number of groups it names, and its groups
 * take turns within: so it is remembered of each priority, and of each tenant there.
 */
export class TurnsTaken {
  readonly #last = new Map<string, string>()

  /** A group had its turn; '' is that of jobs without one. */
  served(priority: number, group: string): void {
    if (this.#last.size >= MOST_TURNS) this.#last.clear()
    this.#last.set(keyOf(priority), group)
    const tenant = tenantOfGroup(group)
    if (tenant !== undefined) this.#last.set(keyOf(priority, tenant), group)
  }

  /** The group served last of a priority, or of a tenant there. */
  last(priority: number, tenant?: string): string | undefined {
    return this.#last.get(keyOf(priority, tenant))
  }

  /** As JSON: by priority, and by priority and tenant with a blank between. */
  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#last)
  }
}

function keyOf(priority: number, tenant?: string): string {
  return tenant === undefined ? `${priority}` : `${priority} ${tenant}`
}
