import type { ObjectRef } from './object-uri.ts'

const PREFIX = '/objects/'
/** Marks a key that is written as base64url, because a path cannot carry it as it is. */
const ENCODED = '~'

/**
 * The path under which the service serves an object: `/objects/<bucket>/<key>`, each segment of the key percent-escaped.
 *
 * URL parsers resolve the segments `.` and `..`, escaped or not, and proxies merge repeated slashes. A key with such
 * segments is therefore written as `~` and its UTF-8 bytes in base64url; so is a key that begins with `~` itself.
 */
export function formatObjectPath(ref: ObjectRef): string {
  const segments = ref.key.split('/')
  const isPlain = !ref.key.startsWith(ENCODED) && segments.every((segment) => !/^\.{0,2}$/.test(segment))
  const key = isPlain
    ? segments.map(encodeURIComponent).join('/')
    : ENCODED + Buffer.from(ref.key).toString('base64url')
  return `${PREFIX}${ref.bucket}/${key}`
}

/** Reads what {@link formatObjectPath} wrote, still escaped and without a query; undefined when it is no such path. */
export function parseObjectPath(path: string): ObjectRef | undefined {
  if (!path.startsWith(PREFIX)) return undefined
  const slash = path.indexOf('/', PREFIX.length)
  if (slash < 0) return undefined
  const key = readKey(path.slice(slash + 1))
  return key === undefined ? undefined : { bucket: path.slice(PREFIX.length, slash), key }
}

function readKey(written: string): string | undefined {
  if (written.startsWith(ENCODED)) {
    const key = Buffer.from(written.slice(1), 'base64url')
    return key.toString('base64url') === written.slice(1) ? key.toString() : undefined
  }
  try {
    return decodeURIComponent(written)
  } catch {
    return undefined
  }
}
