/** One part of a file: bytes from `start` up to, and without, `end`. */
export interface PartSpan {
  /** From 1. */
  readonly number: number
  readonly start: number
  readonly end: number
}

/** The parts of a file in order: all of one size, but the last, which may be shorter. */
export function* partsOf(sizeBytes: number, partSizeBytes: number): Generator<PartSpan> {
  for (let start = 0, number = 1; start < sizeBytes; start += partSizeBytes, number++) {
    yield { number, start, end: Math.min(sizeBytes, start + partSizeBytes) }
  }
}

/** How many parts a file has. */
export function partCountOf(sizeBytes: number, partSizeBytes: number): number {
  return Math.ceil(sizeBytes / partSizeBytes)
}
