import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { LongshoreError } from '../base/errors.ts'
import { type WrittenBody, writeBody } from './body-writer.ts'
import { onDisk } from './disk.ts'
import type { ObjectBody, UploadedPart } from './object-store.ts'
import { DATA_FILE } from './upload-folder.ts'
import type { StoredPart, UploadHeader, UploadJournal } from './upload-journal.ts'
import { checkPlanned, type PartTarget, partCountOf, partEtag, positionOf } from './upload-layout.ts'
import { findPartFault, type ListedPart } from './upload-parts.ts'

/** How much of a repeated part is read at once when it is put in its place. */
const COPY_BYTES = 512 * 1024

/**
 * An upload of the local store that is under way. Each part is written straight to its place in one file, so that
 * completing moves nothing. A part that was already received, or that another request is just writing, goes to a file
 * of its own instead: whatever happens to it cannot spoil the bytes that count.
 */
export class OpenUpload {
  readonly header: UploadHeader
  readonly #folder: string
  readonly #journal: UploadJournal
  readonly #parts: Map<number, StoredPart>
  /** Parts that are being written at their place right now. */
  readonly #inPlace = new Set<number>()
  readonly #attempts = new Set<Promise<unknown>>()
  #closing = new AbortController()

  constructor(folder: string, content: { header: UploadHeader; parts: StoredPart[]; journal: UploadJournal }) {
    this.#folder = folder
    this.header = content.header
    this.#journal = content.journal
    this.#parts = new Map(content.parts.map((part) => [part.partNumber, part]))
  }

  /** The parts received so far, by number. */
  listParts(): UploadedPart[] {
    const parts = [...this.#parts.values()].map(({ partNumber, sizeBytes, etag }) => ({ partNumber, sizeBytes, etag }))
    return parts.sort((a, b) => a.partNumber - b.partNumber)
  }

  /** Receives one part; when this resolves it is on disk. */
  async receive(part: PartTarget, body: ObjectBody, signal?: AbortSignal): Promise<UploadedPart> {
    this.#closing.signal.throwIfAborted()
    checkPlanned(this.header, part)
    const attempt = this.#attempt(part, body, signal)
    this.#attempts.add(attempt)
    try {
      return await attempt
    } finally {
      this.#attempts.delete(attempt)
    }
  }

  /** Throws `PARTS_MISMATCH` that names the part unless exactly these were received and nothing is missing. */
  checkParts(parts: readonly ListedPart[]): void {
    const fault = findPartFault(parts, this.#parts, partCountOf(this.header))
    if (fault) throw new LongshoreError('PARTS_MISMATCH', fault)
  }

  /** Takes no more parts and breaks off those under way; resolves when none is being written any more. */
  async close(): Promise<void> {
    this.#closing.abort(new LongshoreError('UPLOAD_NOT_FOUND', 'The upload was closed while this part was arriving.'))
    await Promise.allSettled(this.#attempts)
  }

  /** Takes parts again, after a completion that failed. */
  reopen(): void {
    this.#closing = new AbortController()
  }

  /** Puts repeated parts in their place and everything on disk; answers the path of the whole file. */
  async assemble(): Promise<string> {
    const path = join(this.#folder, DATA_FILE)
    const handle = await open(path, 'r+')
    try {
      for (const part of this.#parts.values()) if (part.file !== null) await this.#putInPlace(handle, part, part.file)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return path
  }

  async #attempt(part: PartTarget, body: ObjectBody, signal?: AbortSignal): Promise<UploadedPart> {
    const { partNumber } = part
    const inPlace = !this.#inPlace.has(partNumber) && this.#parts.get(partNumber)?.file !== null
    const file = inPlace ? null : `part-${partNumber}-${randomUUID()}`
    if (inPlace) this.#inPlace.add(partNumber)
    try {
      const written = await this.#write(part, body, file, signal)
      const stored = { ...part, etag: partEtag(written), file }
      await onDisk(() => this.#journal.append(stored))
      await this.#replace(stored)
      return { partNumber, sizeBytes: stored.sizeBytes, etag: stored.etag }
    } catch (failure) {
      if (file !== null) await unlink(join(this.#folder, file)).catch(() => {})
      throw failure
    } finally {
      if (inPlace) this.#inPlace.delete(partNumber)
    }
  }

  async #write(part: PartTarget, body: ObjectBody, file: string | null, signal?: AbortSignal): Promise<WrittenBody> {
    const handle = await onDisk(() => open(join(this.#folder, file ?? DATA_FILE), file === null ? 'r+' : 'wx'))
    try {
      const either = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal
      const position = file === null ? positionOf(this.header, part.partNumber) : 0
      const written = await writeBody(handle, body, { position, sizeBytes: part.sizeBytes, signal: either })
      await onDisk(() => handle.datasync())
      return written
    } finally {
      await handle.close()
    }
  }

  /** From here on the new bytes count; a file that held the earlier ones is of no use any more. */
  async #replace(stored: StoredPart): Promise<void> {
    const earlier = this.#parts.get(stored.partNumber)
    this.#parts.set(stored.partNumber, stored)
    if (earlier?.file != null) await unlink(join(this.#folder, earlier.file)).catch(() => {})
  }

  async #putInPlace(handle: FileHandle, part: StoredPart, file: string): Promise<void> {
    const source = await open(join(this.#folder, file), 'r')
    try {
      const body = source.createReadStream({ highWaterMark: COPY_BYTES })
      await writeBody(handle, body, { position: positionOf(this.header, part.partNumber), sizeBytes: part.sizeBytes })
    } finally {
      await source.close()
    }
  }
}
