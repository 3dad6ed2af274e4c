import { LongshoreError } from '../base/errors.ts'

/** What file systems allow for one segment of a path, in bytes of UTF-8. */
const MAX_SEGMENT_BYTES = 255

/** Control characters break listings, logs and headers; a backslash is a separator on some systems. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\\]/

/** What nearly every name looks like: it needs no closer look, which takes ten times as long. */
const PLAIN = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/

/**
 * Checks a relative path of a processor's choice, e.g. `plots/overview.png`; throws `INVALID_FILENAME`. No segment may be
 * empty, `.` or `..`, hold control characters or backslashes, or be longer than 255 bytes.
 */
export function checkRelativePath(path: string, what: string): void {
  if (PLAIN.test(path) && path.length <= MAX_SEGMENT_BYTES) return
  const fault = FORBIDDEN.test(path)
    ? 'it holds a control character or a backslash'
    : !path.isWellFormed()
      ? 'it is not valid Unicode'
      : path.split('/').map(segmentFault).find(Boolean)
  if (fault) throw invalidName(path, what, fault)
}

/** Checks the name of a writer, from which its objects get theirs; throws `INVALID_FILENAME`. */
export function checkWriterName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name)) {
    throw invalidName(name, 'writer name', 'expected 1 to 100 letters, digits, dots, hyphens and underscores')
  }
}

/** `responses_00000.jsonl` and the like. */
export function numberedName(name: string, index: number, suffix: string): string {
  return `${name}_${String(index).padStart(5, '0')}${suffix}`
}

function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'a part between slashes is empty'
  if (segment === '.' || segment === '..') return `"${segment}" is not a name`
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return `a part is longer than ${MAX_SEGMENT_BYTES} bytes`
  return undefined
}

function invalidName(name: string, what: string, why: string): LongshoreError {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name
  return new LongshoreError('INVALID_FILENAME', `The ${what} ${JSON.stringify(shown)} cannot be used: ${why}.`)
}
