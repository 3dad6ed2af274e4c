import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'

/** Up to here a range is read at once: a stream over a file costs more than reading this much. */
const SMALL_BYTES = 64 * 1024
const CHUNK_BYTES = 256 * 1024

/**
 * The bytes of an open file, both ends inclusive, as a stream that closes the file when it ends or is destroyed. When
 * the signal aborts, the stream fails with its reason.
 */
export async function readFileRange(
  handle: FileHandle,
  range: { start: number; end: number },
  signal?: AbortSignal,
): Promise<Readable> {
  const lengthBytes = range.end - range.start + 1
  if (lengthBytes > SMALL_BYTES) {
    const stream = handle.createReadStream({ ...range, highWaterMark: CHUNK_BYTES })
    return signal ? abortable(stream, signal) : stream
  }
  const buffer = Buffer.allocUnsafe(lengthBytes)
  const { bytesRead } = lengthBytes === 0 ? { bytesRead: 0 } : await handle.read(buffer, 0, lengthBytes, range.start)
  await handle.close()
  return Readable.from(bytesRead === 0 ? [] : [buffer.subarray(0, bytesRead)], { objectMode: false })
}

/** Lets the signal end a stream. */
export function abortable(stream: Readable, signal: AbortSignal): Readable {
  const onAbort = (): void => {
    const { reason } = signal
    stream.destroy(reason instanceof Error ? reason : new Error('aborted', { cause: reason }))
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  // The abort may come before the reader listens; that must not end the process.
  stream.on('error', () => {})
  stream.once('close', () => signal.removeEventListener('abort', onAbort))
  return stream
}
