import { randomUUID } from 'node:crypto'
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LongshoreError } from '../base/errors.ts'
import { onDisk, syncFolder, unless } from './disk.ts'
import type { ObjectBody, UploadedPart, UploadPlan } from './object-store.ts'
import type { ObjectRef } from './object-uri.ts'
import { DATA_FILE, JOURNAL_FILE, OpenUpload } from './open-upload.ts'
import { createJournal, UploadJournal } from './upload-journal.ts'
import type { ListedPart } from './upload-parts.ts'

/** Uploads kept in memory while nobody uses them; the journals of others are read again when needed. */
const MAX_IDLE = 1000

const UPLOAD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

interface Seat {
  users: number
  upload: Promise<OpenUpload | undefined>
  completing?: Promise<void>
}

/** The multipart uploads of the local store: a folder for each, with a journal and one file. They survive restarts. */
export class LocalUploads {
  readonly #folder: string
  readonly #tempFolder: string
  readonly #place: (file: string, ref: ObjectRef) => Promise<void>
  readonly #seats = new Map<string, Seat>()

  /** `place` makes a finished file the object; `tempFolder` must lie on the same file system. */
  constructor(folder: string, tempFolder: string, place: (file: string, ref: ObjectRef) => Promise<void>) {
    this.#folder = folder
    this.#tempFolder = tempFolder
    this.#place = place
  }

  /** Makes the folder and, if asked, sweeps away what is no upload: those that a crash kept from being cleared after completion. */
  async start({ sweep }: { sweep: boolean }): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    if (!sweep) return
    for (const id of await readdir(this.#folder)) {
      if (!(await isWhole(join(this.#folder, id)))) await rm(join(this.#folder, id), { recursive: true, force: true })
    }
  }

  /** Opens an upload. Its folder appears in one step, so that there is never one without a journal. */
  async create(ref: ObjectRef, plan: UploadPlan): Promise<string> {
    const id = randomUUID()
    const draft = join(this.#tempFolder, id)
    try {
      await mkdir(draft)
      await (await open(join(draft, DATA_FILE), 'wx')).close()
      await createJournal(join(draft, JOURNAL_FILE), ref, plan)
      await syncFolder(draft)
      await rename(draft, join(this.#folder, id))
      await syncFolder(this.#folder)
    } catch (failure) {
      await rm(draft, { recursive: true, force: true })
      throw failure
    }
    return id
  }

  /** Receives one part. Throws `UPLOAD_NOT_FOUND`, `PARTS_MISMATCH` or `PART_SIZE_MISMATCH`. */
  receive(
    ref: ObjectRef,
    id: string,
    part: { partNumber: number; sizeBytes: number },
    body: ObjectBody,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    return this.#use(ref, id, async (upload) => {
      if (!upload) throw uploadNotFound(id)
      return upload.receive(part, body, signal)
    })
  }

  /** The parts received so far, by number. */
  listParts(ref: ObjectRef, id: string): Promise<UploadedPart[]> {
    return this.#use(ref, id, async (upload) => {
      if (!upload) throw uploadNotFound(id)
      return upload.listParts()
    })
  }

  /** Makes the object of the upload. False when there is no such upload, e.g. because it was completed before. */
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

  /** Drops an upload; one that is not there is no fault. */
  abort(ref: ObjectRef, id: string): Promise<void> {
    return this.#use(ref, id, async (upload, seat) => {
      await seat.completing?.catch(() => {})
      await upload?.close()
      if (upload) await onDisk(() => this.#clear(id))
    })
  }

  /** Drops every upload of a key that begins with `prefix`. */
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
      await onDisk(async () => this.#place(await upload.assemble(), upload.header.ref))
    } catch (failure) {
      upload.reopen()
      throw failure
    }
    // The object is there; what is left of the upload is swept at the next start if it cannot be removed now.
    await this.#clear(id).catch(() => {})
  }

  /** Moves the folder out of sight first: one half removed must not be taken for an upload. */
  async #clear(id: string): Promise<void> {
    this.#seats.delete(id)
    const rubbish = join(this.#tempFolder, id)
    await unless(['ENOENT'], rename(join(this.#folder, id), rubbish))
    await rm(rubbish, { recursive: true, force: true })
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
    if (!UPLOAD_ID.test(id)) return undefined
    const folder = join(this.#folder, id)
    if (!(await isWhole(folder))) return undefined
    const content = await unless(['ENOENT'], UploadJournal.open(join(folder, JOURNAL_FILE)))
    return content && new OpenUpload(folder, content)
  }
}

/** Without its data file an upload has become an object. */
async function isWhole(folder: string): Promise<boolean> {
  const files = [DATA_FILE, JOURNAL_FILE].map((file) =>
    unless(
      ['ENOENT', 'ENOTDIR'],
      access(join(folder, file)).then(() => true),
    ),
  )
  return (await Promise.all(files)).every((isThere) => isThere === true)
}

function uploadNotFound(id: string): LongshoreError {
  return new LongshoreError(
    'UPLOAD_NOT_FOUND',
    `There is no upload ${id.slice(0, 100)} of this object: it was completed, aborted or never opened.`,
  )
}
