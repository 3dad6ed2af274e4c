import { createHash } from 'node:crypto'
import PQueue from 'p-queue'
import { LongshoreError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { IngestFile } from '../engine/ingest-records.ts'
import type { ObjectStore, UploadedPart } from '../storage/object-store.ts'
import { formatObjectUri, jobFolder, MAX_KEY_BYTES, type ObjectRef } from '../storage/object-uri.ts'
import { brokenOff } from './input-faults.ts'
import { partCountOf, partSizeOf, sizeOfPart } from './part-plan.ts'

/** Uploads of one ingest that are opened or dropped at once. */
const STORE_CONCURRENCY = 16

/** A file as a client announced it. */
export interface AnnouncedFile {
  filename: string
  sizeBytes: number
  /** Hexadecimal; checked when the file is complete. */
  sha256?: string
  contentType?: string
}

/** One part as a client says it received an ETag for it. */
export interface ClaimedPart {
  partNumber: number
  etag: string
}

/** Where an uploaded file lies; throws `INVALID_FILENAME` when the store cannot hold so long a key. */
export function keyOf(datasetsPrefix: string, jobId: string, filename: string): string {
  const key = jobFolder(datasetsPrefix, jobId) + filename
  if (Buffer.byteLength(key) <= MAX_KEY_BYTES) return key
  throw new LongshoreError(
    'INVALID_FILENAME',
    `The file name ${JSON.stringify(`${filename.slice(0, 100)}…`)} cannot be used: the whole key would be longer than ${MAX_KEY_BYTES} bytes.`,
  )
}

/** Opens an upload for every file; if one fails, those already open are left to be dropped by their key. */
export async function openUploads(
  store: ObjectStore,
  bucket: string,
  files: readonly (AnnouncedFile & { key: string })[],
  configuredPartBytes: number,
): Promise<IngestFile[]> {
  return inParallel(files, async (file) => {
    const partSizeBytes = partSizeOf(file.sizeBytes, configuredPartBytes)
    const plan = { sizeBytes: file.sizeBytes, partSizeBytes, contentType: file.contentType }
    const uploadId = await store.createUpload({ bucket, key: file.key }, withoutUndefined(plan))
    return describeFile(file, uploadId, partSizeBytes)
  })
}

/** Drops every upload of the files and deletes those that are objects already. */
export async function dropUploads(store: ObjectStore, bucket: string, files: readonly IngestFile[]): Promise<void> {
  await inParallel(files, (file) => store.abortUpload({ bucket, key: file.key }, file.uploadId))
  await store.delete(files.map((file) => ({ bucket, key: file.key })))
}

/** Whether the client's list is the whole file, in order, as the store received it. Throws `PARTS_MISMATCH`, `PART_SIZE_MISMATCH`. */
export function checkParts(file: IngestFile, claimed: readonly ClaimedPart[], received: readonly UploadedPart[]): void {
  const count = partCountOf(file)
  if (claimed.length !== count) {
    throw mismatch(file, `expected ${count} parts, the list has ${claimed.length}`)
  }
  const byNumber = new Map(received.map((part) => [part.partNumber, part]))
  for (const [i, part] of claimed.entries()) {
    if (part.partNumber !== i + 1) {
      throw mismatch(file, `expected part ${i + 1} at position ${i + 1} of the list, found part ${part.partNumber}`)
    }
    checkPart(file, part, byNumber.get(part.partNumber))
  }
}

function checkPart(file: IngestFile, claimed: ClaimedPart, received: UploadedPart | undefined): void {
  if (received === undefined) throw mismatch(file, `part ${claimed.partNumber} was not received`)
  if (bareEtag(received.etag) !== bareEtag(claimed.etag)) {
    throw mismatch(
      file,
      `part ${claimed.partNumber} was received with ETag ${received.etag}, the list says ${claimed.etag}`,
    )
  }
  const expected = sizeOfPart(file, claimed.partNumber)
  if (received.sizeBytes !== expected) {
    throw new LongshoreError(
      'PART_SIZE_MISMATCH',
      `Part ${claimed.partNumber} of ${JSON.stringify(file.filename)} has ${received.sizeBytes} bytes, expected ${expected}. Send it again.`,
    )
  }
}

/** Clients send ETags with their quotes or without. */
function bareEtag(etag: string): string {
  return etag.replace(/^"(.*)"$/, '$1')
}

/** The SHA-256 of an object as it lies in the store, lower-case hex. */
export async function digestOf(store: ObjectStore, ref: ObjectRef, etag: string): Promise<string> {
  const { body } = await store.get(ref, { ifMatch: etag })
  const digest = createHash('sha256')
  try {
    for await (const chunk of body) digest.update(chunk as Uint8Array)
  } catch (failure) {
    throw brokenOff(formatObjectUri(ref), failure)
  }
  return digest.digest('hex')
}

/** The answers of `work` for every item, a few at once, in order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const queue = new PQueue({ concurrency: STORE_CONCURRENCY })
  const settled = await Promise.allSettled(items.map((item) => queue.add(() => work(item))))
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value as Result] : []))
}

function describeFile(file: AnnouncedFile & { key: string }, uploadId: string, partSizeBytes: number): IngestFile {
  return {
    id: newId(),
    filename: file.filename,
    key: file.key,
    uploadId,
    sizeBytes: file.sizeBytes,
    partSizeBytes,
    sha256: file.sha256?.toLowerCase() ?? null,
    contentType: file.contentType ?? null,
    etag: null,
  }
}

function mismatch(file: IngestFile, why: string): LongshoreError {
  return new LongshoreError('PARTS_MISMATCH', `The parts do not make up ${JSON.stringify(file.filename)}: ${why}.`)
}

function withoutUndefined<Plan extends { contentType: string | undefined }>(
  plan: Plan,
): Omit<Plan, 'contentType'> & { contentType?: string } {
  const { contentType, ...rest } = plan
  return contentType === undefined ? rest : { ...rest, contentType }
}
