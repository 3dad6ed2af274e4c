import { LongshoreError } from '../base/errors.ts'
import type { IngestFile } from '../engine/ingest-records.ts'
import { checkDistinct, checkFilename } from './filenames.ts'
import type { AnnouncedFile } from './ingest-files.ts'
import type { IngestSettings } from './ingest-settings.ts'
import { checkFileSize, jobTooLarge, MAX_PART_URLS, partCountOf, partSizeOf, tooManyFiles } from './part-plan.ts'

/**
 * Checks what was announced, one file after the other and together. Throws `TOO_MANY_FILES`, `INVALID_FILENAME`,
 * `INVALID_FILE_SIZE`, `FILE_TOO_LARGE`, `DUPLICATE_FILENAME`, `JOB_TOO_LARGE`, `TOO_MANY_PARTS`.
 */
export function checkAnnounced(files: readonly AnnouncedFile[], { limits, partSizeBytes }: IngestSettings): void {
  if (files.length > limits.filesPerIngest) throw tooManyFiles(limits.filesPerIngest)
  for (const file of files) {
    checkFilename(file.filename)
    checkFileSize(file.filename, file.sizeBytes, limits.fileBytes)
  }
  checkDistinct(files.map((file) => file.filename))
  if (total(files.map((file) => file.sizeBytes)) > limits.jobBytes) throw jobTooLarge(limits.jobBytes)
  const planned = files.map(({ sizeBytes }) => ({ sizeBytes, partSizeBytes: partSizeOf(sizeBytes, partSizeBytes) }))
  if (total(planned.map(partCountOf)) > MAX_PART_URLS) {
    throw new LongshoreError(
      'TOO_MANY_PARTS',
      `The files need more than ${MAX_PART_URLS} parts together. Split them into several ingests, or let the operator raise MULTIPART_PART_SIZE_MB.`,
    )
  }
}

/** Throws `VALIDATION_FAILED` for the number of a part the file does not have. */
export function checkPartNumbers(file: IngestFile, partNumbers: readonly number[]): void {
  const count = partCountOf(file)
  const wrong = partNumbers.findIndex((partNumber) => partNumber > count)
  if (wrong === -1) return
  throw new LongshoreError(
    'VALIDATION_FAILED',
    `The file has ${count} parts, there is no part ${partNumbers[wrong]}.`,
    {
      errors: [{ pointer: `/part_numbers/${wrong}`, message: `expected at most ${count}` }],
    },
  )
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0)
}
