import type { DownloadError } from '../errors.ts'
import { downloadFault, quoted } from './download-faults.ts'

/** Where one object goes below the folder of a download. */
export interface Placement {
  readonly uri: string
  /** Names of folders and at last of the file: each is safe to use as one. */
  readonly segments: readonly string[]
}

/** What the key begins with when it lies where services put uploads and results unless told otherwise. */
const LAYOUT_PREFIX = /^(?:results|datasets)\//

const MAX_SEGMENT_BYTES = 255

/** Names that mean a device on Windows, whatever their extension. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i

/**
 * Where objects go: their keys without the leading `results/` or `datasets/`, so `<job id>/<name>`. Throws a
 * `DownloadError`: `INVALID_URI`, `UNSAFE_PATH` for a key that could mean a place elsewhere or that the file system cannot
 * hold, and `SAME_PATH` when two would be one file. Names that differ in case or Unicode form alone count as the same, as
 * some file systems take them so.
 */
export function placementsOf(uris: readonly string[], platform: NodeJS.Platform = process.platform): Placement[] {
  const placements = uris.map((uri) => ({ uri, segments: segmentsOf(uri, platform) }))
  checkDistinct(placements)
  return placements
}

function segmentsOf(uri: string, platform: NodeJS.Platform): string[] {
  const key = /^s3:\/\/[^/]+\/(.+)$/s.exec(uri)?.[1]
  if (key === undefined) throw downloadFault('INVALID_URI', uri, 'expected s3://bucket/key')
  const segments = key.replace(LAYOUT_PREFIX, '').split('/')
  for (const segment of segments) {
    const fault = faultOf(segment) ?? (platform === 'win32' ? faultOnWindows(segment) : undefined)
    if (fault !== undefined) throw downloadFault('UNSAFE_PATH', uri, fault)
  }
  return segments
}

function faultOf(segment: string): string | undefined {
  if (segment === '') return 'its key has an empty part between slashes'
  if (segment === '.' || segment === '..') return `its key has the part "${segment}"`
  if (/[\p{Cc}\\]/u.test(segment)) return 'its key holds a control character or a backslash'
  if (!segment.isWellFormed()) return 'its key is not valid Unicode'
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)
    return `a part of its key is longer than ${MAX_SEGMENT_BYTES} bytes`
  return undefined
}

function faultOnWindows(segment: string): string | undefined {
  if (/[<>:"|?*]/.test(segment)) return 'its key holds a character that Windows does not allow'
  if (/[. ]$/.test(segment)) return 'a part of its key ends with a dot or a space, which Windows drops'
  if (DEVICE_NAME.test(segment)) return `"${segment}" means a device on Windows`
  return undefined
}

function checkDistinct(placements: readonly Placement[]): void {
  const files = new Map<string, string>()
  for (const { uri, segments } of placements) {
    const path = fold(segments)
    const other = files.get(path)
    if (other !== undefined) throw same(uri, other)
    files.set(path, uri)
  }
  for (const { uri, segments } of placements) {
    for (let depth = 1; depth < segments.length; depth++) {
      const other = files.get(fold(segments.slice(0, depth)))
      if (other !== undefined) throw same(uri, other)
    }
  }
}

function fold(segments: readonly string[]): string {
  return segments.join('/').normalize('NFC').toLowerCase()
}

function same(uri: string, other: string): DownloadError {
  return downloadFault(
    'SAME_PATH',
    uri,
    `it would be written to the path of ${quoted(other)}; use another folder for it`,
  )
}
