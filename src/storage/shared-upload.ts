import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { LongshoreError, systemCodeOf } from '../base/errors.ts'
import { type WrittenBody, writeBody } from './body-writer.ts'
import { diskFailure, exists, syncFolder, unless } from './disk.ts'
import { readFileRange } from './file-body.ts'
import type { ObjectBody, UploadedPart } from './object-store.ts'
import { asideName, claimName, placedName, readParts, trailerOf } from './shared-parts.ts'
import { DATA_FILE, uploadNotFound } from './upload-folder.ts'
import type { StoredPart, UploadHeader } from './upload-journal.ts'
import { checkPlanned, type PartTarget, partCountOf, partEtag, positionOf } from './upload-layout.ts'
import { findPartFault, type ListedPart } from './upload-parts.ts'

/**
 * An upload that several processes serve at once. All its state is names in its folder, so that each of them sees the
 * same and none has to be alive:
 *
 * | name | says |
 * |---|---|
 * | `data` | parts lie in it at their places |
 * | `claim-<n>` | one request may write part n to its place: the one, of all who try, that made this file |
 * | `placed-<n>-<crc>` | it has done so, and the place is never written again |
 * | `part-<n>` | part n as a later request sent it, its CRC-32 behind its bytes; counts instead of what is in place |
 * | `draft-…`, `whole-…` | a part, or the whole, that is being written |
 *
 * A request that fails gives its claim back once it writes no more; the claim of a process that died stays. So when
 * every part is placed nobody can be writing to `data`, however long he was frozen, and it is the object as it stands.
 */
export class SharedUpload {
  readonly header: UploadHeader
  readonly #id: string
  readonly #folder: string

  constructor(id: string, folder: string, header: UploadHeader) {
    this.#id = id
    this.#folder = folder
    this.header = header
  }

  /** The parts received so far, by number. */
  async listParts(): Promise<UploadedPart[]> {
    const parts = [...(await this.#readParts()).values()]
    return parts
      .map(({ partNumber, sizeBytes, etag }) => ({ partNumber, sizeBytes, etag }))
      .sort((a, b) => a.partNumber - b.partNumber)
  }

  /** Receives one part; when this resolves it is on disk. */
  async receive(part: PartTarget, body: ObjectBody, signal?: AbortSignal): Promise<UploadedPart> {
    checkPlanned(this.header, part)
    const isMine = await this.#disk(() => this.#claim(part.partNumber))
    const written = isMine ? await this.#writeInPlace(part, body, signal) : await this.#writeAside(part, body, signal)
    return { partNumber: part.partNumber, sizeBytes: part.sizeBytes, etag: partEtag(written) }
  }

  /**
   * The name of the file that is the whole, on disk: `data`, or a copy of it with the parts that have files of their own.
   * Throws `PARTS_MISMATCH` that names the part unless exactly these were received and nothing is missing.
   */
  async assemble(listed: readonly ListedPart[]): Promise<string> {
    const parts = await this.#readParts()
    const fault = findPartFault(listed, parts, partCountOf(this.header))
    if (fault) throw new LongshoreError('PARTS_MISMATCH', fault)
    const isInPlace = parts.values().every(({ file }) => file === null)
    return isInPlace ? DATA_FILE : this.#copyWhole([...parts.values()])
  }

  /** A part must count instead of an earlier one that went aside, so it goes aside as well. */
  async #claim(partNumber: number): Promise<boolean> {
    const handle = await unless(['EEXIST'], open(this.#path(claimName(partNumber)), 'wx'))
    await handle?.close()
    return handle !== undefined && !(await this.#has(asideName(partNumber)))
  }

  async #writeInPlace(part: PartTarget, body: ObjectBody, signal?: AbortSignal): Promise<WrittenBody> {
    const handle = await this.#disk(() => open(this.#path(DATA_FILE), 'r+'))
    const plan = { ...planOf(part, signal), position: positionOf(this.header, part.partNumber) }
    const written = await writeBody(handle, body, plan).catch(async (failure: unknown) => {
      // Only once the file is closed: then nothing of this request can reach the place of whoever claims it next.
      await handle.close()
      await unlink(this.#path(claimName(part.partNumber))).catch(() => {})
      throw failure
    })
    await this.#disk(() => handle.datasync().finally(() => handle.close()))
    await this.#disk(async () => {
      await (await open(this.#path(placedName(part.partNumber, written.crc32)), 'w')).close()
      await syncFolder(this.#folder)
    })
    return written
  }

  async #writeAside(part: PartTarget, body: ObjectBody, signal?: AbortSignal): Promise<WrittenBody> {
    const draft = this.#path(`draft-${randomUUID()}`)
    try {
      const written = await this.#writeDraft(draft, part, body, signal)
      await this.#disk(async () => {
        // Sent again because an answer was lost: what is in place is the same, and the whole need not be copied.
        if (await this.#isInPlace(part.partNumber, written.crc32)) await unlink(draft)
        else await rename(draft, this.#path(asideName(part.partNumber)))
        await syncFolder(this.#folder)
      })
      return written
    } catch (failure) {
      await unlink(draft).catch(() => {})
      throw failure
    }
  }

  async #writeDraft(path: string, part: PartTarget, body: ObjectBody, signal?: AbortSignal): Promise<WrittenBody> {
    const handle = await this.#disk(() => open(path, 'wx'))
    try {
      const written = await writeBody(handle, body, { ...planOf(part, signal), position: 0 })
      await writeBody(handle, trailerOf(written.crc32), { position: written.sizeBytes })
      await this.#disk(() => handle.sync())
      return written
    } finally {
      await handle.close()
    }
  }

  async #isInPlace(partNumber: number, crc32: number): Promise<boolean> {
    return (await this.#has(placedName(partNumber, crc32))) && !(await this.#has(asideName(partNumber)))
  }

  /** Where the file system can, the copy shares the blocks; those of parts in files of their own are written over. */
  async #copyWhole(parts: readonly StoredPart[]): Promise<string> {
    const name = `whole-${randomUUID()}`
    try {
      await this.#disk(() => copyFile(this.#path(DATA_FILE), this.#path(name), constants.COPYFILE_FICLONE))
      const handle = await this.#disk(() => open(this.#path(name), 'r+'))
      try {
        for (const part of parts) if (part.file !== null) await this.#putInPlace(handle, part, part.file)
        await this.#disk(() => handle.sync())
      } finally {
        await handle.close()
      }
    } catch (failure) {
      await unlink(this.#path(name)).catch(() => {})
      throw failure
    }
    return name
  }

  /** The part may have been sent once more since it was listed. */
  async #putInPlace(handle: FileHandle, part: StoredPart, file: string): Promise<void> {
    const source = await this.#disk(() => open(this.#path(file), 'r'))
    const body = await this.#disk(() => readFileRange(source, { start: 0, end: part.sizeBytes - 1 }))
    const position = positionOf(this.header, part.partNumber)
    try {
      const written = await this.#disk(() => writeBody(handle, body, { position, sizeBytes: part.sizeBytes }))
      if (partEtag(written) === part.etag) return
    } finally {
      body.destroy()
    }
    const detail = `Part ${part.partNumber} has changed meanwhile: it was sent again. List the parts and complete once more.`
    throw new LongshoreError('PARTS_MISMATCH', detail)
  }

  #readParts(): Promise<Map<number, StoredPart>> {
    return this.#disk(() => readParts(this.#folder, this.header))
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }

  #has(name: string): Promise<boolean> {
    return exists(this.#path(name))
  }

  /** That something of the folder is not there means that the upload was completed or aborted meanwhile. */
  async #disk<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (failure) {
      throw systemCodeOf(failure) === 'ENOENT' ? uploadNotFound(this.#id) : diskFailure(failure)
    }
  }
}

function planOf({ sizeBytes }: PartTarget, signal?: AbortSignal): { sizeBytes: number; signal?: AbortSignal } {
  return { sizeBytes, ...(signal && { signal }) }
}
