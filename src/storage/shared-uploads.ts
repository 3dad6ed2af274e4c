import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { LongshoreError } from '../base/errors.ts'
import { exists, onDisk, syncFolder, unless } from './disk.ts'
import type { ObjectBody, UploadedPart, UploadPlan } from './object-store.ts'
import type { ObjectRef } from './object-uri.ts'
import { SharedUpload } from './shared-upload.ts'
import {
  clearUploadFolder,
  createUploadFolder,
  isUploadId,
  JOURNAL_FILE,
  type Uploads,
  type UploadsPlace,
  uploadNotFound,
} from './upload-folder.ts'
import { type UploadHeader, UploadJournal } from './upload-journal.ts'
import type { PartTarget } from './upload-layout.ts'
import type { ListedPart } from './upload-parts.ts'

/** Between the id of an upload and the name of its whole file, in the name of a folder that takes no more parts. */
const MARK = '.complete.'

/**
 * The uploads of a folder that several processes share; any of them takes any part. An upload is completed by renaming
 * its folder to `<id>.complete.<file>`: one of all who try succeeds, no part comes in any more, and whoever is asked next
 * makes that file the object if the one who renamed did not live to. Nothing is kept in memory.
 */
export class SharedUploads implements Uploads {
  readonly #at: UploadsPlace

  constructor(at: UploadsPlace) {
    this.#at = at
  }

  /** Uploads may be others' and stay, but for those that have become objects. */
  async start(): Promise<void> {
    await mkdir(this.#at.folder, { recursive: true })
    for (const name of await readdir(this.#at.folder)) {
      if (!name.includes(MARK) || (await exists(join(this.#at.folder, name, fileOf(name))))) continue
      await clearUploadFolder(this.#at, name)
    }
  }

  create(ref: ObjectRef, plan: UploadPlan): Promise<string> {
    return createUploadFolder(this.#at, ref, plan)
  }

  async receive(
    ref: ObjectRef,
    id: string,
    part: PartTarget,
    body: ObjectBody,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    signal?.throwIfAborted()
    const upload = await this.#find(ref, id)
    if (!upload) throw uploadNotFound(id)
    return upload.receive(part, body, signal)
  }

  /** One whose completion was cut off is completed, so that its object is found instead. */
  async listParts(ref: ObjectRef, id: string): Promise<UploadedPart[]> {
    const upload = await this.#find(ref, id)
    if (upload) return upload.listParts()
    await this.#place(ref, id)
    throw uploadNotFound(id)
  }

  async complete(ref: ObjectRef, id: string, parts: readonly ListedPart[]): Promise<boolean> {
    const upload = await this.#find(ref, id)
    if (upload) await this.#close(id, upload, parts).catch(unlessGone)
    return this.#place(ref, id)
  }

  async abort(ref: ObjectRef, id: string): Promise<void> {
    if (!isUploadId(id) || (await this.#drop(ref, id))) return
    for (const name of await this.#closed(id)) await this.#drop(ref, name)
  }

  async abortAll(bucket: string, prefix: string): Promise<void> {
    for (const name of await onDisk(() => readdir(this.#at.folder))) {
      const header = await this.#headerOf(name)
      if (header?.ref.bucket === bucket && header.ref.key.startsWith(prefix)) {
        await this.abort(header.ref, name.split(MARK)[0] ?? name)
      }
    }
  }

  async #close(id: string, upload: SharedUpload, parts: readonly ListedPart[]): Promise<void> {
    const file = await upload.assemble(parts)
    const { folder } = this.#at
    await onDisk(async () => {
      await unless(['ENOENT'], rename(join(folder, id), join(folder, id + MARK + file)))
      await syncFolder(folder)
    })
  }

  /** Makes the file of a closed upload the object; false when there is none, or another process was quicker. */
  async #place(ref: ObjectRef, id: string): Promise<boolean> {
    if (!isUploadId(id)) return false
    for (const name of await this.#closed(id)) {
      if (!isOf(ref, await this.#headerOf(name))) continue
      const isPlaced = await onDisk(() => this.#placeFile(join(this.#at.folder, name, fileOf(name)), ref))
      // The object is there; what is left of the upload is swept at the next start if it cannot be removed now.
      await clearUploadFolder(this.#at, name).catch(() => {})
      return isPlaced
    }
    return false
  }

  /** That the file is not there says that it is the object already, or was dropped. */
  async #placeFile(file: string, ref: ObjectRef): Promise<boolean> {
    if (!(await exists(file))) return false
    try {
      await this.#at.place(file, ref)
      return true
    } catch (failure) {
      if (await exists(file)) throw failure
      return false
    }
  }

  async #drop(ref: ObjectRef, name: string): Promise<boolean> {
    return isOf(ref, await this.#headerOf(name)) && onDisk(() => clearUploadFolder(this.#at, name))
  }

  /** The folder of an upload that takes no more parts: one, or none. */
  async #closed(id: string): Promise<string[]> {
    const names = await onDisk(() => readdir(this.#at.folder))
    return names.filter((name) => name.startsWith(id + MARK))
  }

  async #find(ref: ObjectRef, id: string): Promise<SharedUpload | undefined> {
    if (!isUploadId(id)) return undefined
    const header = await this.#headerOf(id)
    return header && isOf(ref, header) ? new SharedUpload(id, join(this.#at.folder, id), header) : undefined
  }

  async #headerOf(name: string): Promise<UploadHeader | undefined> {
    const path = join(this.#at.folder, name, JOURNAL_FILE)
    const content = await onDisk(() => unless(['ENOENT', 'ENOTDIR'], UploadJournal.open(path)))
    return content?.header
  }
}

function fileOf(name: string): string {
  return name.split(MARK)[1] ?? ''
}

function isOf(ref: ObjectRef, header: UploadHeader | undefined): boolean {
  return header?.ref.bucket === ref.bucket && header.ref.key === ref.key
}

/** Another process completed or aborted it meanwhile: that is seen by what is there. */
function unlessGone(failure: unknown): void {
  if (!(failure instanceof LongshoreError && failure.code === 'UPLOAD_NOT_FOUND')) throw failure
}
