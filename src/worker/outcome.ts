import { clip } from '../base/clip.ts'
import { LongshoreError, messageOf, systemCodeOf } from '../base/errors.ts'
import type { Outcome } from '../job/settlement.ts'
import { SnoozeError, UnrecoverableError } from '../processor/verdicts.ts'

/** An error is kept with the job and shown with every reading of it: a text for people, not a dump. In characters. */
const MAX_MESSAGE_LENGTH = 8192

/**
 * What an attempt came to that threw. Once its signal has aborted, the reason of that is the verdict, whatever was thrown
 * on the way out. Undefined when the lease was lost: then there is nothing to settle.
 *
 * @param redact takes secrets out of what was said: whoever may read the job reads it
 */
export function outcomeOf(
  thrown: unknown,
  signal: AbortSignal,
  redact: (text: string) => string = (text) => text,
): Outcome | undefined {
  const outcome = verdictOn(thrown, signal)
  return outcome?.type === 'failed'
    ? { ...outcome, message: clip(redact(outcome.message), MAX_MESSAGE_LENGTH) }
    : outcome
}

function verdictOn(thrown: unknown, signal: AbortSignal): Outcome | undefined {
  if (signal.aborted && signal.reason instanceof LongshoreError) return outcomeOfReason(signal.reason)
  if (thrown instanceof LongshoreError) return outcomeOfError(thrown)
  if (thrown instanceof SnoozeError) return { type: 'snoozed', delayMs: thrown.delayMs }
  if (thrown instanceof UnrecoverableError) return failed('UNRECOVERABLE', describe(thrown), false)
  if (isDiskFull(thrown)) return failed('STORAGE_FULL', `There is no space left: ${messageOf(thrown)}`, true)
  return failed('PROCESSOR_FAILED', describe(thrown), true)
}

function outcomeOfReason(reason: LongshoreError): Outcome | undefined {
  if (reason.code === 'CANCELLED') return { type: 'cancelled' }
  if (reason.code === 'INTERRUPTED') return { type: 'interrupted' }
  if (reason.code === 'LEASE_LOST') return undefined
  return outcomeOfError(reason)
}

/** Only the worker can cancel, interrupt or take a lease away: from a processor these words are an error like any other. */
const WORDS_OF_THE_WORKER: ReadonlySet<string> = new Set(['CANCELLED', 'INTERRUPTED', 'LEASE_LOST'])

function outcomeOfError(error: LongshoreError): Outcome {
  if (WORDS_OF_THE_WORKER.has(error.code)) return failed('PROCESSOR_FAILED', describe(error), true)
  return failed(error.code, describe(error), error.retryable)
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
