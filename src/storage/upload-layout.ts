import { LongshoreError } from '../base/errors.ts'
import type { WrittenBody } from './body-writer.ts'
import type { UploadHeader } from './upload-journal.ts'

/** Which part, and how large it says it is. */
export interface PartTarget {
  partNumber: number
  sizeBytes: number
}

/** How many parts an upload has; an empty object has one. */
export function partCountOf({ sizeBytes, partSizeBytes }: UploadHeader): number {
  return Math.max(1, Math.ceil(sizeBytes / partSizeBytes))
}

/** Where a part's bytes begin in the whole. */
export function positionOf({ partSizeBytes }: UploadHeader, partNumber: number): number {
  return (partNumber - 1) * partSizeBytes
}

/** How large a part is by plan. */
export function plannedSizeOf(header: UploadHeader, partNumber: number): number {
  const { sizeBytes, partSizeBytes } = header
  return partNumber < partCountOf(header) ? partSizeBytes : sizeBytes - positionOf(header, partCountOf(header))
}

/** Throws `PARTS_MISMATCH` for a part that no plan has, `PART_SIZE_MISMATCH` for one of another size. */
export function checkPlanned(header: UploadHeader, { partNumber, sizeBytes }: PartTarget): void {
  const partCount = partCountOf(header)
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > partCount) {
    throw new LongshoreError('PARTS_MISMATCH', `Part ${partNumber} is not one of the ${partCount} parts of the upload.`)
  }
  const planned = plannedSizeOf(header, partNumber)
  if (sizeBytes === planned) return
  throw new LongshoreError('PART_SIZE_MISMATCH', `Part ${partNumber} has ${planned} bytes by plan, not ${sizeBytes}.`)
}

/** The same for the same bytes. CRC-32, because MD5 alone would take as long as receiving and writing the part. */
export function partEtag({ crc32, sizeBytes }: WrittenBody): string {
  return `"${crc32.toString(16).padStart(8, '0')}-${sizeBytes.toString(16)}"`
}
