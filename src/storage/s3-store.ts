import type { Readable } from 'node:stream'
import {
  type _Error,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { type Clock, systemClock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { wrongSize } from './body-tap.ts'
import { contentTypeOf } from './content-type.ts'
import type {
  GetOptions,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  UploadedPart,
  UploadPlan,
} from './object-store.ts'
import { checkObjectRef, formatObjectUri, type ObjectRef } from './object-uri.ts'
import { createS3Client, reachBucket, type S3Access } from './s3-client.ts'
import { storeFailure, streamFailure } from './s3-errors.ts'
import { keysOf } from './s3-keys.ts'
import { S3Reader } from './s3-reader.ts'
import { S3Uploads } from './s3-uploads.ts'
import { SizedBody } from './sized-body.ts'
import type { ListedPart } from './upload-parts.ts'

/** With at most 10,000 parts, a stream of unknown size can be 78 GiB long; larger parts would all lie in memory. */
const PART_BYTES = 8 * 1024 * 1024
const MAX_PARTS = 10_000
/** Parts of one stream that are sent at once; as many are in memory, and the one that is being filled. */
const PARTS_AT_ONCE = 3
const DELETES_AT_ONCE = 1000
/** S3 signs for a week at most. */
const MAX_SIGNED_SECONDS = 7 * 24 * 3600

/** What an S3 store needs. */
export interface S3StoreOptions extends S3Access {
  /** The bucket that `start` makes sure of. */
  bucket: string
  /** Default: the machine's clock. */
  clock?: Clock
}

/**
 * Objects in S3 or a server that speaks it. Streams are sent in parts of 8 MiB, three at once, so one whose size is not
 * known beforehand can be 78 GiB long; a longer one is `FILE_TOO_LARGE`. URLs are presigned and lead straight to the
 * store, for a week at most.
 */
export class S3Store implements ObjectStore {
  readonly kind = 's3'
  readonly #options: S3StoreOptions
  readonly #clock: Clock
  readonly #client: S3Client
  /** Signs and sends nothing: a signature holds for one host. */
  readonly #signer: S3Client
  readonly #reader: S3Reader
  readonly #uploads: S3Uploads

  constructor(options: S3StoreOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#client = createS3Client(options)
    this.#signer = createS3Client({ ...options, endpoint: options.publicEndpoint ?? options.endpoint })
    this.#reader = new S3Reader(this.#client, this.#clock)
    this.#uploads = new S3Uploads(this.#client)
  }

  /** Makes sure the bucket can be reached, and makes a missing one unless this is AWS. */
  start(): Promise<void> {
    return reachBucket(this.#client, this.#options, this.#options.bucket)
  }

  async stop(): Promise<void> {
    this.#client.destroy()
    this.#signer.destroy()
  }

  async put(ref: ObjectRef, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    checkObjectRef(ref)
    options.signal?.throwIfAborted()
    const contentType = options.contentType ?? contentTypeOf(ref.key)
    const isSmall = body instanceof Uint8Array && body.length <= PART_BYTES
    const sent = isSmall
      ? await this.#putBytes(ref, body, contentType, options)
      : await this.#putStream(ref, body, contentType, options)
    return { ...sent, modifiedAt: this.#clock.now(), contentType }
  }

  async get(ref: ObjectRef, options: GetOptions = {}): Promise<{ info: ObjectInfo; body: Readable }> {
    checkObjectRef(ref)
    return this.#reader.get(ref, options)
  }

  async head(ref: ObjectRef): Promise<ObjectInfo | undefined> {
    checkObjectRef(ref)
    return this.#reader.head(ref)
  }

  async *list(bucket: string, prefix: string): AsyncGenerator<{ key: string; sizeBytes: number }> {
    let token: string | undefined
    do {
      const page = await this.#listPage(bucket, prefix, token)
      const decode = keysOf(page)
      for (const { Key: key = '', Size: sizeBytes = 0 } of page.Contents ?? []) yield { key: decode(key), sizeBytes }
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async delete(refs: readonly ObjectRef[]): Promise<void> {
    for (const ref of refs) checkObjectRef(ref)
    for (const [bucket, ofBucket = []] of Map.groupBy(refs, (ref) => ref.bucket)) {
      for (let i = 0; i < ofBucket.length; i += DELETES_AT_ONCE) {
        await this.#deleteBatch(bucket, ofBucket.slice(i, i + DELETES_AT_ONCE))
      }
    }
  }

  async createUpload(ref: ObjectRef, plan: UploadPlan): Promise<string> {
    checkObjectRef(ref)
    return this.#uploads.create(ref, plan)
  }

  signPart(
    ref: ObjectRef,
    uploadId: string,
    part: { partNumber: number; sizeBytes: number },
    expiresAt: number,
  ): Promise<string> {
    return getSignedUrl(this.#signer, this.#uploads.partCommand(ref, uploadId, part), this.#validity(expiresAt))
  }

  uploadPart(
    ref: ObjectRef,
    uploadId: string,
    part: { partNumber: number; sizeBytes: number },
    body: ObjectBody,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    return this.#uploads.receive(ref, uploadId, part, body, signal)
  }

  listParts(ref: ObjectRef, uploadId: string): Promise<UploadedPart[]> {
    return this.#uploads.listParts(ref, uploadId)
  }

  async completeUpload(ref: ObjectRef, uploadId: string, parts: readonly ListedPart[]): Promise<ObjectInfo> {
    await this.#uploads.complete(ref, uploadId, parts)
    const info = await this.head(ref)
    if (info) return info
    throw new LongshoreError('UPLOAD_NOT_FOUND', `There is no upload of ${formatObjectUri(ref)} with this id.`)
  }

  abortUpload(ref: ObjectRef, uploadId: string): Promise<void> {
    return this.#uploads.abort(ref, uploadId)
  }

  abortUploads(bucket: string, prefix: string): Promise<void> {
    return this.#uploads.abortAll(bucket, prefix)
  }

  signGet(ref: ObjectRef, expiresAt: number): Promise<string> {
    const command = new GetObjectCommand({ Bucket: ref.bucket, Key: ref.key })
    return getSignedUrl(this.#signer, command, this.#validity(expiresAt))
  }

  async #putBytes(ref: ObjectRef, body: Uint8Array, contentType: string, { sizeBytes, signal }: PutOptions) {
    if (sizeBytes !== undefined && sizeBytes !== body.length) {
      throw wrongSize(sizeBytes, { bytes: body.length, more: false })
    }
    const command = new PutObjectCommand({ Bucket: ref.bucket, Key: ref.key, Body: body, ContentType: contentType })
    try {
      const output = await this.#client.send(command, signal ? { abortSignal: signal } : {})
      return { sizeBytes: body.length, etag: output.ETag ?? '' }
    } catch (failure) {
      signal?.throwIfAborted()
      throw storeFailure(failure, ref)
    }
  }

  /** An abort breaks the body off, not the upload: that way the upload is over, its parts gone, when this rejects. */
  async #putStream(ref: ObjectRef, body: ObjectBody, contentType: string, { sizeBytes, signal }: PutOptions) {
    const bounds = sizeBytes === undefined ? { maxBytes: PART_BYTES * MAX_PARTS } : { sizeBytes }
    const sized = new SizedBody(body, bounds, signal)
    const upload = new Upload({
      client: this.#client,
      params: { Bucket: ref.bucket, Key: ref.key, Body: sized, ContentType: contentType },
      partSize: Math.max(PART_BYTES, Math.ceil((sizeBytes ?? 0) / MAX_PARTS)),
      queueSize: PARTS_AT_ONCE,
    })
    try {
      const output = await upload.done()
      return { sizeBytes: sized.receivedBytes, etag: output.ETag ?? '' }
    } catch (failure) {
      throw sized.failure ? sized.failure.reason : streamFailure(failure, ref)
    } finally {
      sized.destroy()
    }
  }

  async #listPage(bucket: string, prefix: string, token: string | undefined) {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      // XML cannot carry every character that a key can.
      EncodingType: 'url',
      ...(token !== undefined && { ContinuationToken: token }),
    })
    try {
      return await this.#client.send(command)
    } catch (failure) {
      throw storeFailure(failure, `the bucket "${bucket}"`)
    }
  }

  async #deleteBatch(bucket: string, refs: readonly ObjectRef[]): Promise<void> {
    const objects = refs.map(({ key }) => ({ Key: key }))
    const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } })
    try {
      const { Errors: errors = [] } = await this.#client.send(command)
      const kept = errors.find((error) => error.Code !== 'NoSuchKey')
      if (kept) throw asThrown(kept)
    } catch (failure) {
      const [only] = refs
      throw storeFailure(failure, only && refs.length === 1 ? only : `${refs.length} objects of the bucket "${bucket}"`)
    }
  }

  #validity(expiresAt: number): { expiresIn: number } {
    const seconds = Math.ceil((expiresAt - this.#clock.now()) / 1000)
    return { expiresIn: Math.min(Math.max(seconds, 1), MAX_SIGNED_SECONDS) }
  }
}

/** One object of a batch that was not deleted, as if the request itself had failed. */
function asThrown({ Code: name = 'Error', Message: message = '' }: _Error): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: name === 'AccessDenied' ? 403 : 500 } })
}
