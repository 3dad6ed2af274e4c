import { caller } from './session.ts'

/** Whose something is, where that has to be told: whoever has a key of a tenant sees only that tenant's. */
export function ownerOf(tenant: string | null): string | undefined {
  return caller.value.tenant === null ? (tenant ?? undefined) : undefined
}

/** Where the jobs of a group or of a schedule are shown. Tenants name theirs alike, so the address tells whose is meant. */
export function jobsOf(named: { group: string } | { schedule: string }, tenant: string | null): string {
  const owner = ownerOf(tenant)
  return `/jobs?${new URLSearchParams({ ...named, ...(owner !== undefined && { tenant: owner }) })}`
}
