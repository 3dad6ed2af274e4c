import type { ApiKey } from '../../access/api-key.ts'
import type { Canvas } from './job-table.ts'
import { safeText } from './safe-text.ts'
import { type Column, renderTable } from './table.ts'

/** API keys, one a line: what they may do, never what they are. */
export function renderKeys(keys: readonly ApiKey[], { nowMs, width, paint }: Canvas): string {
  if (keys.length === 0) return 'No keys: whoever reaches the service is let in.'
  const columns: Column<ApiKey>[] = [
    { head: 'name', cell: ({ name }) => safeText(name) },
    { head: 'tenant', cell: ({ tenant }) => (tenant === null ? '-' : safeText(tenant)) },
    { head: 'scopes', cell: ({ scopes }) => scopes.join(', ') },
    { head: 'expires', cell: ({ expiresAt }) => showExpiry(expiresAt, nowMs) },
  ]
  return renderTable(columns, keys, { width, paint })
}

function showExpiry(expiresAt: number | null, nowMs: number): string {
  if (expiresAt === null) return 'never'
  const instant = new Date(expiresAt).toISOString().replace('T00:00:00.000Z', '')
  return expiresAt <= nowMs ? `${instant} (expired)` : instant
}
