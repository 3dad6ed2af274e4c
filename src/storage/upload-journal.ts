import { type FileHandle, open, readFile } from 'node:fs/promises'
import type { UploadedPart, UploadPlan } from './object-store.ts'
import type { ObjectRef } from './object-uri.ts'

/** A received part and the file that holds its bytes; null when they lie at their place in the upload's one file. */
export interface StoredPart extends UploadedPart {
  file: string | null
}

/** What an upload is, the first line of its journal. */
export interface UploadHeader {
  ref: ObjectRef
  sizeBytes: number
  partSizeBytes: number
}

/** Writes the first line of a new journal, durably. */
export async function createJournal(path: string, ref: ObjectRef, plan: UploadPlan): Promise<void> {
  const header: UploadHeader = { ref, sizeBytes: plan.sizeBytes, partSizeBytes: plan.partSizeBytes }
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(`${JSON.stringify(header)}\n`)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/**
 * The received parts of an upload, one line each, the latest line of a part being the one that counts. A line that a
 * crash cut off was never answered for and is dropped.
 */
export class UploadJournal {
  readonly #path: string
  #lengthBytes: number
  #lines: string[] = []
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  private constructor(path: string, lengthBytes: number) {
    this.#path = path
    this.#lengthBytes = lengthBytes
  }

  /** Reads a journal; fails with `ENOENT` when there is none. Undefined when not even its first line can be read. */
  static async open(
    path: string,
  ): Promise<{ header: UploadHeader; parts: StoredPart[]; journal: UploadJournal } | undefined> {
    const { values, lengthBytes } = readLines(await readFile(path))
    const [header, ...parts] = values
    if (header === undefined) return undefined
    return {
      header: header as UploadHeader,
      parts: parts as StoredPart[],
      journal: new UploadJournal(path, lengthBytes),
    }
  }

  /** Adds a line. Resolves when it is on disk; lines that come while one is being written share the next sync. */
  append(part: StoredPart): Promise<void> {
    this.#lines.push(`${JSON.stringify(part)}\n`)
    this.#next ??= this.#running.then(() => this.#write())
    return this.#next
  }

  #write(): Promise<void> {
    const text = this.#lines.join('')
    this.#lines = []
    this.#next = undefined
    const written = this.#writeText(text)
    this.#running = written.catch(() => {})
    return written
  }

  /** Writes behind the last whole line, over whatever a crash left there. */
  async #writeText(text: string): Promise<void> {
    const handle = await open(this.#path, 'r+')
    try {
      await this.#cutAt(handle)
      const { bytesWritten } = await handle.write(text, this.#lengthBytes)
      if (bytesWritten < Buffer.byteLength(text)) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      await handle.datasync()
      this.#lengthBytes += bytesWritten
    } catch (failure) {
      // Lines nobody was answered for must not be found after a restart: their bytes may be written over by then.
      await this.#cutAt(handle).catch(() => {})
      throw failure
    } finally {
      await handle.close()
    }
  }

  async #cutAt(handle: FileHandle): Promise<void> {
    const { size } = await handle.stat()
    if (size > this.#lengthBytes) await handle.truncate(this.#lengthBytes)
  }
}

/** The values of the lines up to the first that a crash left torn: of blocks not yet on disk, some read as zeros. */
function readLines(bytes: Buffer): { values: unknown[]; lengthBytes: number } {
  const values: unknown[] = []
  let start = 0
  for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', start)) {
    const value = tryParse(bytes.toString('utf8', start, end))
    if (value === undefined) break
    values.push(value)
    start = end + 1
  }
  return { values, lengthBytes: start }
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
