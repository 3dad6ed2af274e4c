import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LongshoreError } from '../base/errors.ts'
import { syncFolder, unless } from './disk.ts'
import type { ObjectBody, UploadedPart, UploadPlan } from './object-store.ts'
import type { ObjectRef } from './object-uri.ts'
import { createJournal } from './upload-journal.ts'
import type { PartTarget } from './upload-layout.ts'
import type { ListedPart } from './upload-parts.ts'

/** The one file that parts are written to, in the upload's folder; moved away when the upload completes. */
export const DATA_FILE = 'data'
/** What an upload is, and, of one that a single process serves, its parts; in the upload's folder. */
export const JOURNAL_FILE = 'journal'

const UPLOAD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The multipart uploads of the local store, a folder for each; their verbs are those of the store. */
export interface Uploads {
  /** Makes the folder and sweeps away what a crash kept from being cleared after completion. */
  start(): Promise<void>
  /** Opens an upload and answers its id. */
  create(ref: ObjectRef, plan: UploadPlan): Promise<string>
  /** Receives one part. Throws `UPLOAD_NOT_FOUND`, `PARTS_MISMATCH` or `PART_SIZE_MISMATCH`. */
  receive(ref: ObjectRef, id: string, part: PartTarget, body: ObjectBody, signal?: AbortSignal): Promise<UploadedPart>
  /** The parts received so far, by number. Throws `UPLOAD_NOT_FOUND`. */
  listParts(ref: ObjectRef, id: string): Promise<UploadedPart[]>
  /** Makes the object of the upload. False when there is no such upload, e.g. because it was completed before. */
  complete(ref: ObjectRef, id: string, parts: readonly ListedPart[]): Promise<boolean>
  /** Drops an upload; one that is not there is no fault. */
  abort(ref: ObjectRef, id: string): Promise<void>
  /** Drops every upload of a key that begins with `prefix`. */
  abortAll(bucket: string, prefix: string): Promise<void>
}

/** Where uploads lie, and how one becomes an object. */
export interface UploadsPlace {
  /** Holds a folder for each upload. */
  folder: string
  /** On the same file system; this process's own. */
  tempFolder: string
  /** Makes a finished file the object. */
  place: (file: string, ref: ObjectRef) => Promise<void>
}

/** Whether a client's word can be an upload's id; anything else is never made a path. */
export function isUploadId(id: string): boolean {
  return UPLOAD_ID.test(id)
}

/** Makes the folder of a new upload and answers its id. It appears in one step, so that there is never one without a journal. */
export async function createUploadFolder(place: UploadsPlace, ref: ObjectRef, plan: UploadPlan): Promise<string> {
  const id = randomUUID()
  const draft = join(place.tempFolder, id)
  try {
    await mkdir(draft)
    await (await open(join(draft, DATA_FILE), 'wx')).close()
    await createJournal(join(draft, JOURNAL_FILE), ref, plan)
    await syncFolder(draft)
    await rename(draft, join(place.folder, id))
    await syncFolder(place.folder)
  } catch (failure) {
    await rm(draft, { recursive: true, force: true })
    throw failure
  }
  return id
}

/** Moves the folder out of sight first: one half removed must not be taken for an upload. False when it was not there. */
export async function clearUploadFolder(place: UploadsPlace, name: string): Promise<boolean> {
  const rubbish = join(place.tempFolder, randomUUID())
  const moved = await unless(
    ['ENOENT'],
    rename(join(place.folder, name), rubbish).then(() => true),
  )
  await rm(rubbish, { recursive: true, force: true })
  return moved ?? false
}

/** There is no such upload of this object, or none any more. */
export function uploadNotFound(id: string): LongshoreError {
  return new LongshoreError(
    'UPLOAD_NOT_FOUND',
    `There is no upload ${id.slice(0, 100)} of this object: it was completed, aborted or never opened.`,
  )
}
