/** No group that a client names can hold it, so a tenant's groups are never another's. */
const MARK = '\u0001'

/**
 * The group under which a job waits and takes its turn. Those of a tenant are its own: two tenants may name theirs alike
 * and not meet. A tenant's jobs without a group are one group, so that tenants take turns however many jobs each has.
 */
export function queueGroup(tenant: string | undefined, group: string | undefined): string | null {
  if (tenant === undefined) return group ?? null
  return group === undefined ? `${MARK}${tenant}` : `${MARK}${tenant}/${group}`
}

/** Whether a client named the group under which a job waits: no tenant's name holds a slash. '' is none. */
export function isNamed(group: string): boolean {
  return group.startsWith(MARK) ? group.includes('/') : group !== ''
}

/** The group as its client named it; null when it named none. */
export function namedGroup({ tenant, group }: { tenant: string | null; group: string | null }): string | null {
  if (tenant === null || group === null || !group.startsWith(MARK)) return group
  const named = group.slice(MARK.length + tenant.length + 1)
  return named === '' ? null : named
}
