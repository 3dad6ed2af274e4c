import { type ErrorCode, type Fault, LongshoreError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { SnoozeError, UnrecoverableError } from '../verdicts.ts'

/** Something that was thrown, as it crosses to another thread or process: what a verdict goes by, and the stack for people. */
export type PackedThrown = { message: string; stack?: string } & (
  | { kind: 'error'; systemCode?: string }
  | { kind: 'unrecoverable' }
  | { kind: 'snooze'; delayMs: number }
  | { kind: 'longshore'; code: ErrorCode; retryable: boolean; errors: readonly Fault[]; retryAfterMs?: number }
)

/** Makes plain data of anything that was thrown. */
export function packThrown(thrown: unknown): PackedThrown {
  const message = messageOf(thrown)
  const words = thrown instanceof Error && thrown.stack !== undefined ? { message, stack: thrown.stack } : { message }
  if (thrown instanceof SnoozeError) return { ...words, kind: 'snooze', delayMs: thrown.delayMs }
  if (thrown instanceof UnrecoverableError) return { ...words, kind: 'unrecoverable' }
  if (thrown instanceof LongshoreError) {
    const { code, retryable, errors, retryAfterMs } = thrown
    return { ...words, kind: 'longshore', code, retryable, errors, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  }
  const systemCode = systemCodeOf(thrown)
  return { ...words, kind: 'error', ...(systemCode !== undefined && { systemCode }) }
}

/** Makes an error of it again, of the same class, with the stack of where it was thrown. */
export function unpackThrown(packed: PackedThrown): Error {
  const error = errorOf(packed)
  if (packed.stack !== undefined) error.stack = packed.stack
  return error
}

function errorOf(packed: PackedThrown): Error {
  switch (packed.kind) {
    case 'snooze':
      return new SnoozeError(packed.delayMs, packed.message)
    case 'unrecoverable':
      return new UnrecoverableError(packed.message)
    case 'longshore':
      return new LongshoreError(packed.code, packed.message, packed)
    case 'error':
      return Object.assign(new Error(packed.message), packed.systemCode !== undefined && { code: packed.systemCode })
  }
}
