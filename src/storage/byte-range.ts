import { LongshoreError } from '../base/errors.ts'
import type { ByteRange } from './object-store.ts'

/**
 * The bytes that a range means in an object of this size, both ends inclusive; one that reaches beyond the end is cut
 * there. Throws `RANGE_NOT_SATISFIABLE` when it begins beyond the end, or ends before it begins.
 */
export function resolveRange(range: ByteRange, sizeBytes: number): { start: number; end: number } {
  const end = Math.min(range.end ?? sizeBytes - 1, sizeBytes - 1)
  if (range.start < 0 || range.start > end) throw rangeNotSatisfiable(range, sizeBytes)
  return { start: range.start, end }
}

/** Says which range was asked of how many bytes, as far as that is known. */
export function rangeNotSatisfiable(range: ByteRange, sizeBytes?: number): LongshoreError {
  const size = sizeBytes === undefined ? 'the object' : `the ${sizeBytes} bytes of the object`
  return new LongshoreError(
    'RANGE_NOT_SATISFIABLE',
    `The range ${range.start}-${range.end ?? ''} lies outside ${size}.`,
  )
}
