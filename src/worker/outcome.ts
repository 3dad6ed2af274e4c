import { LongshoreError, messageOf, systemCodeOf } from '../base/errors.ts'
import type { Outcome } from '../job/settlement.ts'
import { SnoozeError, UnrecoverableError } from '../processor/verdicts.ts'

/**
 * What an attempt came to that threw. Once its signal has aborted, the reason of that is the verdict, whatever was thrown
 * on the way out. Undefined when the lease was lost: then there is nothing to settle.
 */
export function outcomeOf(thrown: unknown, signal: AbortSignal): Outcome | undefined {
  const verdict: unknown = signal.aborted ? signal.reason : thrown
  if (verdict instanceof LongshoreError) return outcomeOfCode(verdict)
  if (verdict instanceof SnoozeError) return { type: 'snoozed', delayMs: verdict.delayMs }
  if (verdict instanceof UnrecoverableError) return failed('UNRECOVERABLE', verdict.message, false)
  if (isDiskFull(verdict)) return failed('STORAGE_FULL', `There is no space left: ${messageOf(verdict)}`, true)
  return failed('PROCESSOR_FAILED', describe(verdict), true)
}

function outcomeOfCode(error: LongshoreError): Outcome | undefined {
  if (error.code === 'CANCELLED') return { type: 'cancelled' }
  if (error.code === 'INTERRUPTED') return { type: 'interrupted' }
  if (error.code === 'LEASE_LOST') return undefined
  return failed(error.code, error.message, error.retryable)
}

function failed(code: string, message: string, retryable: boolean): Outcome {
  return { type: 'failed', code, message, retryable }
}

function isDiskFull(thrown: unknown): boolean {
  const code = systemCodeOf(thrown)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

function describe(thrown: unknown): string {
  const message = messageOf(thrown)
  return message === '' ? 'The processor threw an error without a message.' : message
}
