import type { TenantConcurrency } from '../access/tenant-limits.ts'
import type { DispatchOptions } from './job-engine.ts'

/** How many jobs may run at once, everywhere; undefined sets no limit. */
export interface RunningLimits {
  /** Of one named group. */
  groupLimit: number | undefined
  /** Of each tenant. */
  tenantLimits: TenantConcurrency | undefined
}

/** Those of a dispatch, as they stand now. */
export function runningLimits({ groupConcurrency, tenantConcurrency }: DispatchOptions): RunningLimits {
  return { groupLimit: groupConcurrency, tenantLimits: tenantConcurrency?.() }
}

/** Whether there is any limit. */
export function isLimited({ groupLimit, tenantLimits }: RunningLimits): boolean {
  return groupLimit !== undefined || tenantLimits !== undefined
}
