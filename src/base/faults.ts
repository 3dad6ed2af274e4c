import type { z } from 'zod'
import type { Fault } from './errors.ts'
import { wordsOf } from './fault-words.ts'

/** The faults zod found, each with a JSON pointer (RFC 6901) that begins with `prefix`. */
export function faultsOf(failure: z.core.$ZodError, prefix = ''): Fault[] {
  return failure.issues.map((issue) => ({
    pointer: `${prefix}${issue.path.map((step) => `/${escapePointer(String(step))}`).join('')}`,
    message: wordsOf(issue),
  }))
}

/** One sentence of all faults, for a `detail` or an `error`. */
export function describeFaults(faults: readonly Fault[]): string {
  const shown = faults
    .slice(0, 5)
    .map((fault) => (fault.pointer === '' ? fault.message : `${fault.pointer}: ${fault.message}`))
  const rest = faults.length - shown.length
  return shown.join('; ') + (rest > 0 ? `; and ${rest} more` : '')
}

function escapePointer(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1')
}
