import { mostRunning, type TenantConcurrency } from '../../access/tenant-limits.ts'
import type { Job } from '../../job/job.ts'
import { tenantOfGroup } from '../../job/queue-group.ts'
import { isLimited, type RunningLimits } from '../running-limits.ts'

/** How many more jobs may run, of a group and of a tenant. */
export interface Allowance {
  /** '' is the group of jobs without one. */
  ofGroup(group: string): number
  ofTenant(tenant: string): number
}

/** How many jobs of each group and each tenant may run at once, and how many do. */
export class Allowances implements Allowance {
  readonly #groupLimit: number
  readonly #tenantLimits: TenantConcurrency
  readonly #groups = new Map<string, number>()
  readonly #tenants = new Map<string, number>()

  /** @param running the jobs that run; read only when there is a limit */
  constructor(limits: RunningLimits, running: () => Iterable<Pick<Job, 'group'>>) {
    this.#groupLimit = limits.groupLimit ?? Number.POSITIVE_INFINITY
    this.#tenantLimits = limits.tenantLimits ?? { each: undefined, own: new Map() }
    if (isLimited(limits)) for (const job of running()) this.take(job)
  }

  ofGroup(group: string): number {
    return group === '' ? Number.POSITIVE_INFINITY : this.#groupLimit - (this.#groups.get(group) ?? 0)
  }

  ofTenant(tenant: string): number {
    return mostRunning(this.#tenantLimits, tenant) - (this.#tenants.get(tenant) ?? 0)
  }

  /** Whether one more job of a group may run. */
  admits(group: string): boolean {
    const tenant = tenantOfGroup(group)
    return this.ofGroup(group) > 0 && (tenant === undefined || this.ofTenant(tenant) > 0)
  }

  /** One more job runs. */
  take({ group }: Pick<Job, 'group'>): void {
    if (group === null) return
    addOne(this.#groups, group)
    const tenant = tenantOfGroup(group)
    if (tenant !== undefined) addOne(this.#tenants, tenant)
  }
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
