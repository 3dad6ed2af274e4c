import type { z } from 'zod'
import type * as activity from '../../src/contract/activity.ts'
import { BulkAnswer } from '../../src/contract/activity.ts'
import type { CallOptions, Transport } from './transport.ts'

/** Which jobs a bulk action is about, named as on the wire. At least one of these, or `all: true`. */
export type JobFilter = Omit<z.input<typeof activity.CancelJobs>, 'cursor' | 'dry_run'>

/** What a bulk action came to. */
export interface BulkResult {
  /** Jobs that matched. */
  readonly matched: number
  /** Those of them that were changed; others had ended, or begun anew, just before. */
  readonly changed: number
}

/** How to act on many jobs. */
export interface BulkOptions extends CallOptions {
  /** Only counts them. Default false. */
  readonly dryRun?: boolean
  /** Hears how far it is after each answer of the service but the last; each takes some seconds at most. */
  readonly onProgress?: (sofar: BulkResult) => void
}

/** Acts on every job of a filter, however many answers that takes. Repeated after a lost answer, it finds fewer jobs to change. */
export async function actOnJobs(
  transport: Transport,
  path: 'jobs/cancel' | 'jobs/retry',
  filter: JobFilter & { failed_files_only?: boolean },
  { dryRun = false, onProgress, ...options }: BulkOptions,
): Promise<BulkResult> {
  return transport.within(options, async (signal) => {
    let sofar: BulkResult = { matched: 0, changed: 0 }
    let cursor: string | null = null
    do {
      const body = { ...filter, ...(dryRun && { dry_run: true }), ...(cursor !== null && { cursor }) }
      const answer: z.output<typeof BulkAnswer> = await transport.call(BulkAnswer, path, {
        method: 'POST',
        body,
        signal,
      })
      sofar = { matched: sofar.matched + answer.matched, changed: sofar.changed + answer.changed }
      cursor = answer.next
      if (cursor !== null) onProgress?.(sofar)
    } while (cursor !== null)
    return sofar
  })
}
