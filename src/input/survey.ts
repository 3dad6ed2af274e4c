import { LongshoreError } from '../base/errors.ts'
import type { ManifestEntry } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type ObjectRef, parseObjectUri } from '../storage/object-uri.ts'
import { forEachAtOnce } from './at-once.ts'
import { notFound, tooLarge } from './input-faults.ts'
import { type PatienceOptions, withPatience } from './patience.ts'
import { listSizes } from './survey-listing.ts'

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
  /** Whether every ETag is wanted now; else many files of one folder are looked for by a listing, which has none. */
  etags: boolean
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
  const sizes = await listedSizes(entries, options)
  await forEachAtOnce(entries, options, async ({ index, entry }, signal) => {
    const listed = sizes.get(entry.uri)
    const ref = parseObjectUri(entry.uri)
    const info = listed === undefined ? await look(ref, entry.uri, { ...options, signal }) : { sizeBytes: listed }
    if (info) found.push({ index, entry, ref, etag: undefined, ...info })
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

/** On the local store asking costs no more than a listing, which would read the whole folder. */
async function listedSizes(
  entries: readonly { entry: ManifestEntry }[],
  options: SurveyOptions,
): Promise<Map<string, number>> {
  if (options.etags || options.store.kind === 'local') return new Map()
  const refs = entries.map(({ entry }) => parseObjectUri(entry.uri))
  return listSizes(refs, options)
}

async function look(
  ref: ObjectRef,
  uri: string,
  options: SurveyOptions,
): Promise<{ sizeBytes: number; etag: string } | undefined> {
  const info = await withPatience(options, `Looking for ${uri}`, () => options.store.head(ref))
  return info && { sizeBytes: info.sizeBytes, etag: info.etag }
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
