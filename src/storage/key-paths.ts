/**
 * How the local store names files, so that a person finds an object where its key says and any key can be kept.
 *
 * | in the key | on disk |
 * |---|---|
 * | an ordinary segment | as it is |
 * | `%`, control characters, the segments `.` and `..` | `%25`, `%0A`, `%2E`, `%2E%2E` |
 * | an empty segment | `%_` |
 * | a segment too long for a file name | `<beginning>%+/<rest>` |
 * | `a` while there is also `a/b` | `a%` |
 *
 * A lone `%` comes out of no escape, so the marks `%_`, `%+` and a last `%` can be told from names.
 */

/** File systems take 255 bytes; one is kept free for the mark of a blocked name. */
const MAX_NAME_BYTES = 254
/** What a component that goes on can hold beside its mark. */
const MAX_BEGINNING_BYTES = 253

const EMPTY = '%_'
const CONTINUES = '%+'
const BLOCKED = '%'

/** Segments that are written as they are, if they are short: as most are. */
const PLAIN = /^[\w-][\w.-]*$/

/** The path components of a key, below its bucket's folder. */
export function keyToComponents(key: string): string[] {
  return key.split('/').flatMap(segmentToComponents)
}

/** The name an object gets when a folder already has its own. */
export function blockedName(name: string): string {
  return name + BLOCKED
}

/** What one component says: a piece of the key, and whether the segment goes on in the next component. */
export interface ComponentMeaning {
  text: string
  continues: boolean
}

/** Reads one component; undefined when no key is written like this. */
export function readComponent(name: string): ComponentMeaning | undefined {
  const continues = name.endsWith(CONTINUES)
  const escaped = continues ? name.slice(0, -CONTINUES.length) : name.endsWith(BLOCKED) ? name.slice(0, -1) : name
  if (escaped === EMPTY) return { text: '', continues }
  try {
    return { text: decodeURIComponent(escaped), continues }
  } catch {
    return undefined
  }
}

function segmentToComponents(segment: string): string[] {
  if (segment.length <= MAX_NAME_BYTES && PLAIN.test(segment)) return [segment]
  if (segment === '') return [EMPTY]
  const escaped = segment.replace(/[\p{Cc}%]/gu, encodeURIComponent)
  return Buffer.byteLength(escaped) <= MAX_NAME_BYTES ? [escapeDots(escaped)] : splitLong(escaped)
}

function escapeDots(name: string): string {
  return name === '.' || name === '..' ? name.replaceAll('.', '%2E') : name
}

function splitLong(escaped: string): string[] {
  const components: string[] = []
  let rest = escaped
  while (Buffer.byteLength(rest) > MAX_NAME_BYTES) {
    const beginning = longestBeginning(rest)
    components.push(beginning + CONTINUES)
    rest = rest.slice(beginning.length)
  }
  // The rest may be what no segment of its own may be: a file named `..`.
  return [...components, escapeDots(rest)]
}

/** Cuts neither a character nor an escape in two; `%C2` begins the escape of a two-byte control character. */
function longestBeginning(escaped: string): string {
  let length = 0
  let bytes = 0
  for (const [unit] of escaped.matchAll(/%C2%[0-9A-F]{2}|%[0-9A-F]{2}|./gsu)) {
    bytes += Buffer.byteLength(unit)
    if (bytes > MAX_BEGINNING_BYTES) break
    length += unit.length
  }
  return escaped.slice(0, length)
}
