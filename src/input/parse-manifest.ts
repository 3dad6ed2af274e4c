import { LongshoreError, messageOf } from '../base/errors.ts'
import type { ManifestEntry } from '../job/job.ts'
import { checkCount, type FoundEntries, type ManifestLimits, quote, readEntries } from './manifest-entries.ts'

/**
 * Reads the bytes of a manifest object. Its content says which form it has, as names lie: JSON when it begins like an
 * object or array whose first line is not an entry by itself, else JSON Lines.
 */
export function parseManifest(bytes: Uint8Array, uri: string, limits: ManifestLimits): ManifestEntry[] {
  const subject = `The manifest ${uri}`
  const text = decode(bytes, subject)
  const found = isJsonLines(text) ? linesOf(text, limits, subject) : documentOf(text, limits, subject)
  return readEntries(found, limits, subject)
}

/** Drops a byte order mark, as editors on Windows write one. */
function decode(bytes: Uint8Array, subject: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new LongshoreError('MANIFEST_INVALID', `${subject} is not UTF-8 text.`, { cause })
  }
}

function isJsonLines(text: string): boolean {
  const start = text.search(/\S/)
  const end = text.indexOf('\n', start)
  const firstLine = text.slice(start, end === -1 ? undefined : end).trim()
  if (start === -1 || !/^[{[]/.test(firstLine)) return true
  const value = tryParse(firstLine)
  return typeof value === 'object' && value !== null && 'uri' in value
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function documentOf(text: string, limits: ManifestLimits, subject: string): FoundEntries {
  const files = filesOf(parseDocument(text, subject), subject)
  checkCount(files.length, limits, subject)
  return { values: files, placeOf: (index) => `/files/${index}` }
}

function parseDocument(text: string, subject: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const why = messageOf(cause)
    throw new LongshoreError('MANIFEST_INVALID', `${subject} is neither JSON nor JSON Lines: ${why}.`, { cause })
  }
}

function filesOf(document: unknown, subject: string): unknown[] {
  const isObject = typeof document === 'object' && document !== null
  const files = isObject && 'files' in document ? document.files : undefined
  if (Array.isArray(files) && isObject && Object.keys(document).length === 1) return files
  throw new LongshoreError(
    'MANIFEST_INVALID',
    `${subject} does not have the expected form: {"files": ["s3://bucket/key", …]}, or one URI or {"uri": …, "sha256": …} per line.`,
  )
}

function linesOf(text: string, limits: ManifestLimits, subject: string): FoundEntries {
  const lines = text
    .split('\n')
    .map((raw, index) => ({ line: raw.trim(), place: `line ${index + 1}` }))
    .filter(({ line }) => line !== '')
  checkCount(lines.length, limits, subject)
  const values = lines.map(({ line, place }) => readLine(line, place, subject))
  return { values, placeOf: (index) => lines[index]?.place ?? '' }
}

/** A line is a bare URI, or JSON: the same in quotes, or an object. */
function readLine(line: string, place: string, subject: string): unknown {
  if (!/^["{[]/.test(line)) return line
  try {
    return JSON.parse(line)
  } catch (cause) {
    const why = `${subject}, ${place}: not JSON: ${quote(line)}.`
    throw new LongshoreError('MANIFEST_INVALID', why, { cause })
  }
}
