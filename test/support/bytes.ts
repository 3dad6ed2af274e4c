import { PassThrough, type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

/** Bytes that differ from place to place, the same for the same seed. */
export function someBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes
}

/** The bytes in pieces of uneven length, as a source that is no Node stream. */
export async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0, length = 1; start < bytes.length; start += length, length = (length * 3) % 300_007) {
    yield bytes.subarray(start, start + length)
  }
}

/** A stream that has given `bytes`, all taken by its reader, and stands open. */
export async function standingStream(bytes: Buffer, begin: (body: Readable) => void): Promise<PassThrough> {
  const body = new PassThrough()
  const taken = new Promise<void>((resolve, reject) =>
    body.write(bytes, (error) => (error ? reject(error) : resolve())),
  )
  begin(body)
  await taken
  return body
}

/** All that a stream holds. */
export function readAll(stream: Readable): Promise<Buffer> {
  return buffer(stream)
}
