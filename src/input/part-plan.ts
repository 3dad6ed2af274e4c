import { LongshoreError } from '../base/errors.ts'
import { MAX_PARTS } from '../contract/ingest.ts'

/** Part URLs one ingest may need: each is signed for itself and sent in one answer (300 bytes each: 30 MB). */
export const MAX_PART_URLS = 100_000

/** `max(configured, ceil(size / 10,000))`: the rule clients of the contract use too. */
export function partSizeOf(sizeBytes: number, configuredBytes: number): number {
  return Math.max(configuredBytes, Math.ceil(sizeBytes / MAX_PARTS))
}

/** How many parts a file has. */
export function partCountOf(file: { sizeBytes: number; partSizeBytes: number }): number {
  return Math.ceil(file.sizeBytes / file.partSizeBytes)
}

/** The exact size of one part: all are full, but the last. */
export function sizeOfPart(file: { sizeBytes: number; partSizeBytes: number }, partNumber: number): number {
  return Math.min(file.partSizeBytes, file.sizeBytes - (partNumber - 1) * file.partSizeBytes)
}

/** Checks an announced size; throws `INVALID_FILE_SIZE`, `FILE_TOO_LARGE`. */
export function checkFileSize(filename: string, sizeBytes: number, limitBytes: number): void {
  if (!Number.isInteger(sizeBytes) || sizeBytes < 1) {
    throw new LongshoreError(
      'INVALID_FILE_SIZE',
      `The size of ${JSON.stringify(filename)} is ${sizeBytes}; expected an integer of at least 1.`,
    )
  }
  if (sizeBytes > limitBytes) throw fileTooLarge(filename, limitBytes)
}

/** The refusal of a file beyond `MAX_FILE_SIZE_GB`. */
export function fileTooLarge(filename: string, limitBytes: number): LongshoreError {
  return new LongshoreError(
    'FILE_TOO_LARGE',
    `The file ${JSON.stringify(filename)} is larger than ${limitBytes} bytes (MAX_FILE_SIZE_GB).`,
  )
}

/** The refusal of files beyond `MAX_JOB_SIZE_GB` together. */
export function jobTooLarge(limitBytes: number): LongshoreError {
  return new LongshoreError(
    'JOB_TOO_LARGE',
    `The files are larger than ${limitBytes} bytes together (MAX_JOB_SIZE_GB).`,
  )
}

/** The refusal of more files than an ingest may have. */
export function tooManyFiles(limit: number): LongshoreError {
  return new LongshoreError('TOO_MANY_FILES', `An ingest may have at most ${limit} files (MAX_FILES_PER_INGEST).`)
}
