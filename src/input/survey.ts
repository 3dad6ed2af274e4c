import { LongshoreError } from '../base/errors.ts'
import type { ManifestEntry } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type ObjectRef, parseObjectUri } from '../storage/object-uri.ts'
import { forEachAtOnce } from './at-once.ts'
import { notFound, tooLarge } from './input-faults.ts'
import { type PatienceOptions, withPatience } from './patience.ts'

/** One file of the manifest that was found in the store. */
export interface SurveyedFile {
  /** Position in the manifest, from 0. */
  index: number
  entry: ManifestEntry
  ref: ObjectRef
  sizeBytes: number
  /** Undefined when only its size is known so far. */
  etag: string | undefined
}

/** What a survey takes. */
export interface SurveyOptions extends PatienceOptions {
  store: ObjectStore
  /** Objects asked about at once. */
  concurrency: number
  limits: { fileBytes: number; jobBytes: number }
  /** Hears of each file that is not there. */
  onMissing: (index: number, entry: ManifestEntry, failure: LongshoreError) => void
}

/** Missing files named in one error; after so many the search is broken off. */
const MAX_MISSING = 20

/** Looks for every file before any is fetched; throws `INPUT_NOT_FOUND`, `FILE_TOO_LARGE` or `JOB_TOO_LARGE`. */
export async function surveyInputs(
  entries: readonly { index: number; entry: ManifestEntry }[],
  options: SurveyOptions,
): Promise<SurveyedFile[]> {
  const found: SurveyedFile[] = []
  const missing: { pointer: string; message: string }[] = []
  await forEachAtOnce(entries, options, async ({ index, entry }, signal) => {
    const file = await look(index, entry, { ...options, signal })
    if (file) found.push(file)
    else {
      const failure = notFound(entry.uri)
      options.onMissing(index, entry, failure)
      missing.push({ pointer: `/files/${index}`, message: failure.message })
      if (missing.length >= MAX_MISSING) throw allMissing(missing)
    }
  })
  if (missing.length > 0) throw allMissing(missing)
  checkSizes(found, options.limits)
  return found.sort((a, b) => a.index - b.index)
}

async function look(index: number, entry: ManifestEntry, options: SurveyOptions): Promise<SurveyedFile | undefined> {
  const ref = parseObjectUri(entry.uri)
  const info = await withPatience(options, `Looking for ${entry.uri}`, () => options.store.head(ref))
  return info && { index, entry, ref, sizeBytes: info.sizeBytes, etag: info.etag }
}

function allMissing(missing: readonly { pointer: string; message: string }[]): LongshoreError {
  const others = missing.length - 1
  const more = others === 0 ? '' : ` So ${others === 1 ? 'is 1 other' : `are ${others} or more others`}.`
  return new LongshoreError('INPUT_NOT_FOUND', `${missing[0]?.message}${more}`, { errors: missing })
}

function checkSizes(files: readonly SurveyedFile[], limits: { fileBytes: number; jobBytes: number }): void {
  let totalBytes = 0
  for (const { entry, sizeBytes } of files) {
    if (sizeBytes > limits.fileBytes) throw tooLarge(entry.uri, sizeBytes, limits.fileBytes)
    totalBytes += sizeBytes
  }
  if (totalBytes <= limits.jobBytes) return
  throw new LongshoreError(
    'JOB_TOO_LARGE',
    `The ${files.length} input files have ${totalBytes} bytes together, the limit (MAX_JOB_SIZE_GB) is ${limits.jobBytes}.`,
  )
}
