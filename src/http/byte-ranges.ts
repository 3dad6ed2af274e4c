import { LongshoreError } from '../base/errors.ts'
import type { ByteRange, ObjectInfo } from '../storage/object-store.ts'
import { namesEtag } from './etags.ts'

/** One range of an object, both ends inclusive and inside it. */
export type WholeRange = Required<ByteRange>

/**
 * The one range a request asks for (RFC 9110 §14); undefined when it asks for none, for several, or for a range of
 * another version (`If-Range`): then the whole object is the answer. Throws `RANGE_NOT_SATISFIABLE`.
 */
export function requestedRange(
  headers: { range?: string | undefined; 'if-range'?: string | string[] | undefined },
  info: ObjectInfo,
): WholeRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range?.replaceAll(' ', '') ?? '')
  if (!match || !isSameVersion(headers['if-range'], info)) return undefined
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return undefined
  return from === '' ? suffix(Number(to), info.sizeBytes) : between(Number(from), to, info.sizeBytes)
}

/** `Content-Range` of a range, or of none that could be satisfied. */
export function contentRange(range: WholeRange | undefined, sizeBytes: number): string {
  return range ? `bytes ${range.start}-${range.end}/${sizeBytes}` : `bytes */${sizeBytes}`
}

function suffix(length: number, sizeBytes: number): WholeRange {
  if (length === 0 || sizeBytes === 0) throw outside(`the last ${length} bytes`, sizeBytes)
  return { start: Math.max(0, sizeBytes - length), end: sizeBytes - 1 }
}

function between(start: number, to: string, sizeBytes: number): WholeRange | undefined {
  if (to !== '' && Number(to) < start) return undefined
  if (start >= sizeBytes) throw outside(`byte ${start}`, sizeBytes)
  return { start, end: to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) }
}

/** `If-Range` must be a strong ETag; a date never is exact enough here and means another version. */
function isSameVersion(ifRange: string | string[] | undefined, info: ObjectInfo): boolean {
  if (ifRange === undefined) return true
  return typeof ifRange === 'string' && ifRange.startsWith('"') && namesEtag(ifRange, info.etag)
}

function outside(what: string, sizeBytes: number): LongshoreError {
  return new LongshoreError('RANGE_NOT_SATISFIABLE', `The object has ${sizeBytes} bytes; ${what} is not among them.`)
}
