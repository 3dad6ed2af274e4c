import type { Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { UploadError } from '../errors.ts'
import type { UploadRange } from '../upload/source.ts'

/**
 * A file on disk to upload; it is read piece by piece while it is sent. Throws `SOURCE_UNREADABLE`; the upload fails with
 * `SOURCE_CHANGED` when the file is changed meanwhile.
 */
export async function fileAt(path: string, name = basename(path)): Promise<UploadRange> {
  const before = await stat(path).catch((cause: Error) => {
    throw refusal('SOURCE_UNREADABLE', name, `cannot be read: ${cause.message}`, cause)
  })
  if (!before.isFile()) throw refusal('SOURCE_UNREADABLE', name, `cannot be read: ${path} is no file`)
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    // Not by `openAsBlob`, which takes a file of 6 GiB for one of 2 GiB; and no file stays open while others are sent.
    const file = await open(path)
    try {
      const bytes = await readRange(file, start, end)
      if (bytes.length < end - start || isOther(before, await file.stat())) {
        throw refusal('SOURCE_CHANGED', name, 'was changed while it was uploaded')
      }
      return bytes
    } finally {
      await file.close()
    }
  }
  return { name, size: before.size, modifiedAt: before.mtimeMs, read }
}

async function readRange(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(end - start)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

function isOther(before: Stats, now: Stats): boolean {
  return now.size !== before.size || now.mtimeMs !== before.mtimeMs || now.ino !== before.ino
}

function refusal(code: string, filename: string, what: string, cause?: unknown): UploadError {
  return new UploadError({ code, message: `${JSON.stringify(filename)} ${what}`, filename, cause })
}
