/** No group that a client names can hold it, so a tenant's groups are never another's. */
const MARK = '\u0001'

/** No tenant's name can hold it: it ends the tenant in a group of a tenant. */
const END = '/'

/** The first character after `END`: all groups of a tenant come before its name with this behind it. */
const AFTER_END = '0'

/**
 * The group under which a job waits and takes its turn. Those of a tenant are its own: two tenants may name theirs alike
 * and not meet. They lie side by side in order, and a tenant's jobs without a group are one group, the first of them.
 */
export function queueGroup(tenant: string | undefined, group: string | undefined): string | null {
  if (tenant === undefined) return group ?? null
  return `${MARK}${tenant}${END}${group ?? ''}`
}

/** Whether a client named the group under which a job waits: a tenant's without a name ends with the tenant. '' is none. */
export function isNamed(group: string): boolean {
  return group.startsWith(MARK) ? group.indexOf(END) < group.length - 1 && group.includes(END) : group !== ''
}

/** The group as its client named it; null when it named none. */
export function namedGroup({ tenant, group }: { tenant: string | null; group: string | null }): string | null {
  if (tenant === null || group === null || !group.startsWith(MARK)) return group
  const named = group.slice(MARK.length + tenant.length + END.length)
  return named === '' ? null : named
}

/** The tenant that a group is of; undefined when it is nobody's. */
export function tenantOfGroup(group: string): string | undefined {
  const end = group.startsWith(MARK) ? group.indexOf(END) : -1
  return end < 0 ? undefined : group.slice(MARK.length, end)
}

/** All groups of a tenant are from the first of these names, inclusive, to the second, exclusive. */
export function groupsOfTenant(tenant: string): { from: string; to: string } {
  return { from: `${MARK}${tenant}${END}`, to: `${MARK}${tenant}${AFTER_END}` }
}

/** The same for SQL of PostgreSQL. */
export const GROUP_SQL = {
  /** The tenant of a group; null when it is nobody's. */
  tenant: (group: string): string =>
    `CASE WHEN starts_with(${group}, chr(1)) AND strpos(${group}, '${END}') > 0 THEN split_part(substr(${group}, 2), '${END}', 1) END`,
  /** Before this is nothing but this group, or its tenant's groups. */
  next: (group: string): string =>
    `CASE WHEN starts_with(${group}, chr(1)) AND strpos(${group}, '${END}') > 0
      THEN left(${group}, strpos(${group}, '${END}') - 1) || '${AFTER_END}' ELSE ${group} || chr(1) END`,
}
