import type { BulkOptions, BulkResult, JobFilter } from '@longshore/client'
import { UsageError } from '../failures.ts'
import type { Session } from '../session.ts'
import { type FilterOptions, filterOf } from './job-filter.ts'

/** How a command says which of many jobs it means. */
export interface BulkCommandOptions extends FilterOptions {
  readonly all?: true
  readonly dryRun?: true
}

/** How the action is called: before it is done, and after. */
interface Words {
  readonly would: string
  readonly did: string
}

const FILTERS = '--status, --label, --group, --schedule, --tenant or --all'

/** Acts on every job that the options choose, with how far it is. */
export async function actOnJobs(
  { out, signal }: Session,
  options: BulkCommandOptions,
  act: (filter: JobFilter, options: BulkOptions) => Promise<BulkResult>,
  { would, did }: Words,
): Promise<void> {
  const chosen = filterOf(options)
  const filter: JobFilter = Object.keys(chosen).length === 0 ? { all: true } : chosen
  const dryRun = options.dryRun === true
  const onProgress = ({ changed }: BulkResult): void => {
    if (!dryRun) out.tell(`${jobs(changed)} ${did} so far`)
  }
  const result = await act(filter, { dryRun, signal, onProgress })
  if (out.json) return out.printJson(result)
  out.print(dryRun ? `${jobs(result.matched)} ${would}` : `${jobs(result.changed)} ${did}`)
}

/** Ids or a filter, and one of them. Throws what a wrong use of a command is. */
export function choosesMany(ids: readonly string[], { all, dryRun, ...options }: BulkCommandOptions): boolean {
  const filters = all === true || Object.keys(filterOf(options)).length > 0
  if (filters === ids.length > 0) throw new UsageError(`Give ids of jobs, or say which by ${FILTERS}.`)
  if (dryRun && !filters) throw new UsageError(`--dry-run goes with ${FILTERS}.`)
  return filters
}

function jobs(count: number): string {
  return count === 1 ? '1 job' : `${count} jobs`
}
