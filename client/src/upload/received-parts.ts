import type { Digests } from './digests.ts'
import type { Piece } from './source.ts'

/** A part as the service says it was received. */
export interface ReceivedPart {
  readonly sizeBytes: number
  /** In quotes or without. */
  readonly etag: string
}

const MD5 = /^[0-9a-f]{32}$/

/** CRC-32 and length: how the local store names a part. */
const CRC32 = /^([0-9a-f]{8})-([0-9a-f]+)$/

/**
 * Whether a received part holds these bytes, by its ETag: the MD5 in S3 stores, the CRC-32 in the local one. False where
 * that cannot be told, e.g. of a part that the store encrypted with a key of its own: it is sent again.
 */
export async function holds(part: ReceivedPart, piece: Piece, digests: Digests): Promise<boolean> {
  const bytes = piece instanceof Blob ? new Uint8Array(await piece.arrayBuffer()) : piece
  if (part.sizeBytes !== bytes.length) return false
  const etag = part.etag.replaceAll('"', '')
  if (MD5.test(etag)) return digests.md5?.(bytes) === etag
  const [, crc32, length] = CRC32.exec(etag) ?? []
  return length === bytes.length.toString(16) && crc32 === crc32Of(bytes).toString(16).padStart(8, '0')
}

const CRC32_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value
})

/** Not by `node:zlib`: it is not in browsers, and not in every Node 20. */
function crc32Of(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) value = (CRC32_TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}
