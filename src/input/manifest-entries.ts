import { type ErrorCode, type Fault, LongshoreError } from '../base/errors.ts'
import { ManifestObject } from '../contract/job.ts'
import type { ManifestEntry } from '../job/job.ts'
import { parseObjectUri } from '../storage/object-uri.ts'

/** What a manifest may name. */
export interface ManifestLimits {
  /** Buckets whose objects may be read. */
  readableBuckets: readonly string[]
  /** Most files of one manifest. */
  maxFiles: number
}

/** Entries as they were found, not looked at yet. */
export interface FoundEntries {
  values: readonly unknown[]
  /** What to call the place of a value in messages, e.g. `/files/3` or `line 4`. */
  placeOf(index: number): string
}

/** Faults told of at once: enough to see a pattern, few enough to read. */
const MAX_FAULTS = 20

/**
 * Checks the files of an inline manifest without reading anything. Throws `MANIFEST_EMPTY`, `TOO_MANY_FILES`,
 * `MANIFEST_INVALID`, `INVALID_URI` or `BUCKET_NOT_ALLOWED`, with every fault in `errors`.
 *
 * @param pointer JSON pointer of the list in the document it came in
 */
export function checkManifestEntries(
  files: readonly unknown[],
  limits: ManifestLimits,
  pointer = '/files',
): ManifestEntry[] {
  checkCount(files.length, limits)
  return readEntries({ values: files, placeOf: (index) => `${pointer}/${index}` }, limits)
}

/** Throws `MANIFEST_EMPTY` or `TOO_MANY_FILES`. Called before the entries are looked at: there may be millions. */
export function checkCount(count: number, { maxFiles }: ManifestLimits, subject = 'The manifest'): void {
  if (count === 0) throw new LongshoreError('MANIFEST_EMPTY', `${subject} lists no files.`)
  if (count > maxFiles) {
    throw new LongshoreError(
      'TOO_MANY_FILES',
      `${subject} lists ${count} files, the limit (MAX_FILES_PER_JOB) is ${maxFiles}.`,
    )
  }
}

/** Reads entries of the right count; throws the first fault's code with all of them (up to twenty) in `errors`. */
export function readEntries(found: FoundEntries, limits: ManifestLimits, subject?: string): ManifestEntry[] {
  const entries: ManifestEntry[] = []
  const faults: (Fault & { code: ErrorCode })[] = []
  for (let index = 0; index < found.values.length; index++) {
    try {
      entries.push(readEntry(found.values[index], limits.readableBuckets))
    } catch (thrown) {
      if (!(thrown instanceof LongshoreError)) throw thrown
      faults.push({ code: thrown.code, pointer: found.placeOf(index), message: thrown.message })
      if (faults.length === MAX_FAULTS) break
    }
  }
  const [first] = faults
  if (first) throw allFaults(first.code, faults, subject)
  return entries
}

function readEntry(value: unknown, buckets: readonly string[]): ManifestEntry {
  const entry = typeof value === 'string' ? { uri: value } : readObject(value)
  const { bucket } = parseObjectUri(entry.uri)
  if (!buckets.includes(bucket)) {
    throw new LongshoreError(
      'BUCKET_NOT_ALLOWED',
      `The bucket of ${quote(entry.uri)} may not be read; allowed are ${buckets.join(', ')} (S3_BUCKET and S3_ALLOWED_BUCKETS).`,
    )
  }
  return entry
}

function readObject(value: unknown): ManifestEntry {
  const parsed = ManifestObject.safeParse(value)
  if (!parsed.success) throw new LongshoreError('MANIFEST_INVALID', describeForm(value))
  const { uri, sha256 } = parsed.data
  return sha256 === undefined ? { uri } : { uri, sha256: sha256.toLowerCase() }
}

function describeForm(value: unknown): string {
  return `Expected an s3:// URI or {"uri": …, "sha256": 64 hexadecimal digits}, got ${show(value)}.`
}

/** Shows no more than the surface: a hostile value may be nested deeper than the stack. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object' || value === null) return quote(String(value))
  const keys = Object.keys(value)
  return keys.length === 0 ? '{}' : `an object with ${quote(keys.slice(0, 5).join(', '))}`
}

function allFaults(code: ErrorCode, faults: readonly Fault[], subject: string | undefined): LongshoreError {
  const [first] = faults
  const rest = faults.length - 1
  const more = rest === 0 ? '' : ` There ${rest === 1 ? 'is 1 more fault' : `are ${rest} or more further faults`}.`
  const where = subject ? `${subject}, ${first?.pointer}` : first?.pointer
  return new LongshoreError(code, `${where}: ${first?.message}${more}`, {
    errors: faults.map(({ pointer, message }) => ({ pointer, message })),
  })
}

/** Quotes what a client sent, at a length that fits a message. */
export function quote(text: string): string {
  return text.length > 200 ? `${JSON.stringify(text.slice(0, 200))}…` : JSON.stringify(text)
}
