import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { slicesOf } from './block-buffer.ts'

/** The content of an item: bytes, a file on this machine, or a stream of known length. */
export type ItemData =
  | Uint8Array
  | { path: string }
  | { stream: AsyncIterable<Uint8Array> /** Exactly this many bytes come. */; sizeBytes: number }

/** Content up to this size is added in one go, which costs a quarter of a stream; more goes piece by piece. */
const SMALL_BYTES = 256 * 1024

/** Whether an item is at hand and small enough to be copied at once. */
export function isSmall(data: ItemData): data is Uint8Array {
  return data instanceof Uint8Array && data.byteLength <= SMALL_BYTES
}

/** The size of an item and its bytes, piece by piece. */
export async function openItem(
  data: ItemData,
): Promise<{ sizeBytes: number; chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array> }> {
  if (data instanceof Uint8Array) return { sizeBytes: data.byteLength, chunks: slicesOf(data) }
  if ('stream' in data) return { sizeBytes: data.sizeBytes, chunks: data.stream }
  const { size } = await stat(data.path)
  if (size > SMALL_BYTES) return { sizeBytes: size, chunks: createReadStream(data.path) }
  const bytes = await readFile(data.path)
  return { sizeBytes: bytes.byteLength, chunks: [bytes] }
}
