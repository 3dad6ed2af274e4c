import { createHmac, timingSafeEqual } from 'node:crypto'
import { LongshoreError } from '../base/errors.ts'
import { formatObjectPath, parseObjectPath } from './object-path.ts'
import type { ObjectRef } from './object-uri.ts'

/** Which part of which upload a signed URL takes. */
interface SignedPart {
  uploadId: string
  /** From 1. */
  partNumber: number
  /** The size the part must have. */
  sizeBytes: number
}

/** What a signed URL lets its bearer do: read an object, or with `part` write that one part. */
export interface SignedRequest {
  ref: ObjectRef
  part?: SignedPart
  /** Milliseconds since 1970, a whole second. */
  expiresAt: number
}

const GET_FIELDS = ['expires', 'signature']
const PART_FIELDS = ['upload_id', 'part_number', 'size', ...GET_FIELDS]

/** Makes the relative URL that lets its bearer do this until `expiresAt`, which is rounded up to a whole second. */
export function signUrl(secret: string, request: SignedRequest): string {
  const expires = String(Math.ceil(request.expiresAt / 1000))
  const { ref, part } = request
  const query = new URLSearchParams()
  if (part) {
    query.set('upload_id', part.uploadId)
    query.set('part_number', String(part.partNumber))
    query.set('size', String(part.sizeBytes))
  }
  query.set('expires', expires)
  query.set('signature', signatureOf(secret, ref, part, expires))
  return `${formatObjectPath(ref)}?${query}`
}

/**
 * Checks a request against the signature in its URL. `url` is the request's target as it came: path and query. A URL
 * for reading is good for `GET` and `HEAD`, one for a part for `PUT`.
 *
 * Throws `SIGNATURE_INVALID` when anything differs from what was signed, then `URL_EXPIRED` when `now` (ms since 1970)
 * is past its expiry.
 */
export function verifySignedUrl(secret: string, method: string, url: string, now: number): SignedRequest {
  const { ref, query } = readTarget(url)
  const part = query.has('upload_id') ? readPart(query) : undefined
  const expires = query.get('expires') ?? ''
  const isMethod = part ? method === 'PUT' : method === 'GET' || method === 'HEAD'
  const isSigned = sameText(query.get('signature') ?? '', signatureOf(secret, ref, part, expires))
  if (!isMethod || !isSigned || !hasExactly(query, part ? PART_FIELDS : GET_FIELDS)) throw invalid()
  const expiresAt = Number(expires) * 1000
  if (now > expiresAt) {
    throw new LongshoreError(
      'URL_EXPIRED',
      `The URL was valid until ${new Date(expiresAt).toISOString()}. Ask for a new one.`,
    )
  }
  return part ? { ref, part, expiresAt } : { ref, expiresAt }
}

/** JSON keeps the fields apart whatever they hold, so that nothing can be moved from one into the next. */
function signatureOf(secret: string, ref: ObjectRef, part: SignedPart | undefined, expires: string): string {
  const action = part ? ['PUT', part.uploadId, part.partNumber, part.sizeBytes] : ['GET']
  const text = JSON.stringify(['longshore-url-1', ref.bucket, ref.key, expires, ...action])
  return createHmac('sha256', secret).update(text).digest('base64url')
}

function readTarget(url: string): { ref: ObjectRef; query: URLSearchParams } {
  const mark = url.indexOf('?')
  const ref = parseObjectPath(mark < 0 ? url : url.slice(0, mark))
  if (!ref || mark < 0) throw invalid()
  return { ref, query: new URLSearchParams(url.slice(mark + 1)) }
}

function readPart(query: URLSearchParams): SignedPart {
  const [partNumber, sizeBytes] = ['part_number', 'size'].map((name) => readInteger(query.get(name) ?? ''))
  if (partNumber === undefined || sizeBytes === undefined) throw invalid()
  return { uploadId: query.get('upload_id') ?? '', partNumber, sizeBytes }
}

/** Only as we write it ourselves: `1e3`, `+1` or `01` are other ways to say the same. */
function readInteger(text: string): number | undefined {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= 0 && String(value) === text ? value : undefined
}

function hasExactly(query: URLSearchParams, names: readonly string[]): boolean {
  const given = [...query.keys()]
  return given.length === names.length && names.every((name) => given.includes(name))
}

function sameText(a: string, b: string): boolean {
  const [first, second] = [Buffer.from(a), Buffer.from(b)]
  return first.length === second.length && timingSafeEqual(first, second)
}

function invalid(): LongshoreError {
  return new LongshoreError(
    'SIGNATURE_INVALID',
    'The URL was not signed by this service for this request. Use it exactly as it was given.',
  )
}
