import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, onDisk, unless } from './disk.ts'
import type { ObjectBody, UploadedPart, UploadPlan } from './object-store.ts'
import type { ObjectRef } from './object-uri.ts'
import { OpenUpload } from './open-upload.ts'
import {
  clearUploadFolder,
  createUploadFolder,
  DATA_FILE,
  isUploadId,
  JOURNAL_FILE,
  type Uploads,
  type UploadsPlace,
  uploadNotFound,
} from './upload-folder.ts'
import { UploadJournal } from './upload-journal.ts'
import type { PartTarget } from './upload-layout.ts'
import type { ListedPart } from './upload-parts.ts'

/** Uploads kept in memory while nobody uses them; the journals of others are read again when needed. */
const MAX_IDLE = 1000

interface Seat {
  users: number
  upload: Promise<OpenUpload | undefined>
  completing?: Promise<void>
}

/** The uploads of a folder that this process has to itself: a journal and one file for each. They survive restarts. */
export class LocalUploads implements Uploads {
  readonly #at: UploadsPlace
  readonly #folder: string
  readonly #seats = new Map<string, Seat>()

  constructor(at: UploadsPlace) {
    this.#at = at
    this.#folder = at.folder
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    for (const id of await readdir(this.#folder)) {
      if (!(await isWhole(join(this.#folder, id)))) await rm(join(this.#folder, id), { recursive: true, force: true })
    }
  }

  create(ref: ObjectRef, plan: UploadPlan): Promise<string> {
    return createUploadFolder(this.#at, ref, plan)
  }

  receive(ref: ObjectRef, id: string, part: PartTarget, body: ObjectBody, signal?: AbortSignal): Promise<UploadedPart> {
    return this.#use(ref, id, async (upload) => {
      if (!upload) throw uploadNotFound(id)
      return upload.receive(part, body, signal)
    })
  }

  listParts(ref: ObjectRef, id: string): Promise<UploadedPart[]> {
    return this.#use(ref, id, async (upload) => {
      if (!upload) throw uploadNotFound(id)
      return upload.listParts()
    })
  }

  complete(ref: ObjectRef, id: string, parts: readonly ListedPart[]): Promise<boolean> {
    return this.#use(ref, id, async (upload, seat) => {
      if (!upload) return false
      upload.checkParts(parts)
      seat.completing ??= this.#finish(id, upload, parts).finally(() => {
        delete seat.completing
      })
      await seat.completing
      return true
    })
  }

  abort(ref: ObjectRef, id: string): Promise<void> {
    return this.#use(ref, id, async (upload, seat) => {
      await seat.completing?.catch(() => {})
      await upload?.close()
      if (upload) await onDisk(() => this.#clear(id))
    })
  }

  async abortAll(bucket: string, prefix: string): Promise<void> {
    for (const id of await onDisk(() => readdir(this.#folder))) {
      const ref = await onDisk(() => this.#refOf(id))
      if (ref?.bucket === bucket && ref.key.startsWith(prefix)) await this.abort(ref, id)
    }
  }

  async #refOf(id: string): Promise<ObjectRef | undefined> {
    const content = await unless(['ENOENT'], UploadJournal.open(join(this.#folder, id, JOURNAL_FILE)))
    return content?.header.ref
  }

  async #finish(id: string, upload: OpenUpload, parts: readonly ListedPart[]): Promise<void> {
    await upload.close()
    try {
      upload.checkParts(parts)
      await onDisk(async () => this.#at.place(await upload.assemble(), upload.header.ref))
    } catch (failure) {
      upload.reopen()
      throw failure
    }
    // The object is there; what is left of the upload is swept at the next start if it cannot be removed now.
    await this.#clear(id).catch(() => {})
  }

  async #clear(id: string): Promise<void> {
    this.#seats.delete(id)
    await clearUploadFolder(this.#at, id)
  }

  /** Lets `action` have the upload, the same object for all who use it at once. */
  async #use<Result>(
    ref: ObjectRef,
    id: string,
    action: (upload: OpenUpload | undefined, seat: Seat) => Promise<Result>,
  ): Promise<Result> {
    const seat = this.#seats.get(id) ?? { users: 0, upload: this.#load(id) }
    this.#seats.set(id, seat)
    seat.users += 1
    try {
      const upload = await onDisk(() => seat.upload)
      const isOurs = upload?.header.ref.bucket === ref.bucket && upload.header.ref.key === ref.key
      return await action(isOurs ? upload : undefined, seat)
    } finally {
      seat.users -= 1
      await this.#leave(id, seat)
    }
  }

  async #leave(id: string, seat: Seat): Promise<void> {
    const isUpload = (await seat.upload.catch(() => undefined)) !== undefined
    const isForgettable = seat.users === 0 && (!isUpload || this.#seats.size > MAX_IDLE)
    if (isForgettable && this.#seats.get(id) === seat) this.#seats.delete(id)
  }

  async #load(id: string): Promise<OpenUpload | undefined> {
    if (!isUploadId(id)) return undefined
    const folder = join(this.#folder, id)
    if (!(await isWhole(folder))) return undefined
    const content = await unless(['ENOENT'], UploadJournal.open(join(folder, JOURNAL_FILE)))
    return content && new OpenUpload(folder, content)
  }
}

/** Without its data file an upload has become an object. */
async function isWhole(folder: string): Promise<boolean> {
  const there = await Promise.all([DATA_FILE, JOURNAL_FILE].map((file) => exists(join(folder, file))))
  return there.every(Boolean)
}
