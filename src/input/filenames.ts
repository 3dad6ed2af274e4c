import { LongshoreError } from '../base/errors.ts'

/** What common file systems hold of one path segment. */
const MAX_SEGMENT_BYTES = 255

/**
 * Checks a name a client gave a file. It is data that ends up in an object key, never a path of this machine. Allowed is
 * a name, or a relative path of names with `/`; refused with `INVALID_FILENAME` is whatever could mean another place on
 * any system (absolute, `..`, `.`, empty segments, backslashes), control characters, broken Unicode and segments that
 * file systems cannot hold.
 */
export function checkFilename(filename: string): void {
  const why = faultOf(filename)
  if (why === undefined) return
  const shown = filename.length > 100 ? `${filename.slice(0, 100)}…` : filename
  throw new LongshoreError('INVALID_FILENAME', `The file name ${JSON.stringify(shown)} cannot be used: ${why}.`)
}

/**
 * Throws `DUPLICATE_FILENAME` when two names are one: equal as they are, or on a file system that normalises Unicode or
 * ignores case, where one file would silently replace the other.
 */
export function checkDistinct(filenames: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const filename of filenames) {
    const folded = foldName(filename)
    const other = seen.get(folded)
    if (other !== undefined) throw duplicate(filename, other)
    seen.set(folded, filename)
  }
}

/** What names have in common that some file systems take for one. */
export function foldName(filename: string): string {
  return filename.normalize('NFC').toLowerCase()
}

/** The refusal of a second file of one name. */
export function duplicate(filename: string, other: string): LongshoreError {
  const why = filename === other ? '' : ` (case and Unicode form aside, as ${JSON.stringify(other)})`
  return new LongshoreError(
    'DUPLICATE_FILENAME',
    `Two files are named ${JSON.stringify(filename)}${why}. Give every file of a job its own name.`,
  )
}

function faultOf(filename: string): string | undefined {
  if (filename === '') return 'it is empty'
  if (!filename.isWellFormed()) return 'it is not valid Unicode'
  if (/\p{Cc}/u.test(filename)) return 'it holds a control character'
  if (filename.includes('\\')) return 'it holds a backslash; separate folders by "/"'
  if (filename.startsWith('/')) return 'it is an absolute path'
  return filename.split('/').map(faultOfSegment).find(Boolean)
}

function faultOfSegment(segment: string): string | undefined {
  if (segment === '') return 'it has an empty path segment'
  if (segment === '.' || segment === '..') return `it has the path segment "${segment}"`
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return `a path segment is longer than ${MAX_SEGMENT_BYTES} bytes`
  return undefined
}
