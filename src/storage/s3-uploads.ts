import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { LongshoreError } from '../base/errors.ts'
import { contentTypeOf } from './content-type.ts'
import type { ObjectBody, UploadedPart, UploadPlan } from './object-store.ts'
import { formatObjectUri, type ObjectRef } from './object-uri.ts'
import { faultOf, storeFailure } from './s3-errors.ts'
import { keysOf } from './s3-keys.ts'
import { SizedBody } from './sized-body.ts'
import { findOrderFault, findPartFault, type ListedPart, unquoted } from './upload-parts.ts'

/** Forbidden, not allowed, not implemented. */
const LISTS_NO_UPLOADS: ReadonlySet<number> = new Set([403, 405, 501])

/** The multipart uploads of an S3 store; the server keeps them. */
export class S3Uploads {
  readonly #client: S3Client

  constructor(client: S3Client) {
    this.#client = client
  }

  async create(ref: ObjectRef, plan: UploadPlan): Promise<string> {
    const contentType = plan.contentType ?? contentTypeOf(ref.key)
    const command = new CreateMultipartUploadCommand({ Bucket: ref.bucket, Key: ref.key, ContentType: contentType })
    const { UploadId: id } = await this.#do(ref, () => this.#client.send(command))
    if (id === undefined) throw new LongshoreError('STORE_UNAVAILABLE', 'The object store opened no upload.')
    return id
  }

  /** The part as a request, for signing or sending. Its length is part of it, so that it is signed too. */
  partCommand(
    ref: ObjectRef,
    id: string,
    part: { partNumber: number; sizeBytes: number },
    body?: SizedBody,
  ): UploadPartCommand {
    return new UploadPartCommand({
      Bucket: ref.bucket,
      Key: ref.key,
      UploadId: id,
      PartNumber: part.partNumber,
      ContentLength: part.sizeBytes,
      ...(body && { Body: body }),
    })
  }

  async receive(
    ref: ObjectRef,
    id: string,
    part: { partNumber: number; sizeBytes: number },
    body: ObjectBody,
    signal?: AbortSignal,
  ): Promise<UploadedPart> {
    const sized = new SizedBody(body, part, signal)
    // The request does not notice by itself that its body broke off; it would wait for more.
    const abort = new AbortController()
    sized.once('error', () => abort.abort())
    try {
      const command = this.partCommand(ref, id, part, sized)
      const output = await this.#client.send(command, { abortSignal: abort.signal })
      return { ...part, etag: output.ETag ?? '' }
    } catch (failure) {
      throw sized.failure ? sized.failure.reason : storeFailure(failure, ref)
    } finally {
      sized.destroy()
    }
  }

  async listParts(ref: ObjectRef, id: string): Promise<UploadedPart[]> {
    const parts: UploadedPart[] = []
    const target = { Bucket: ref.bucket, Key: ref.key, UploadId: id }
    // Not the SDK's paginator: it goes by the next marker alone, which some servers send with the last page too.
    for (let marker: string | undefined = '0'; marker !== undefined; ) {
      const command: ListPartsCommand = new ListPartsCommand({ ...target, PartNumberMarker: marker })
      const page = await this.#do(ref, () => this.#client.send(command))
      for (const { PartNumber: partNumber = 0, Size: sizeBytes = 0, ETag: etag = '' } of page.Parts ?? []) {
        parts.push({ partNumber, sizeBytes, etag })
      }
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined
    }
    return parts.sort((a, b) => a.partNumber - b.partNumber)
  }

  /** Makes the object of these parts. False when there is no such upload, e.g. because it was completed before. */
  async complete(ref: ObjectRef, id: string, parts: readonly ListedPart[]): Promise<boolean> {
    const fault = findOrderFault(parts)
    if (fault) throw new LongshoreError('PARTS_MISMATCH', fault)
    const listed = parts.map((part) => ({ PartNumber: part.partNumber, ETag: `"${unquoted(part.etag)}"` }))
    const target = { Bucket: ref.bucket, Key: ref.key, UploadId: id, MultipartUpload: { Parts: listed } }
    try {
      await this.#client.send(new CompleteMultipartUploadCommand(target))
      return true
    } catch (failure) {
      if (faultOf(failure).name === 'NoSuchUpload') return false
      const mapped = storeFailure(failure, ref)
      throw mapped.code === 'PARTS_MISMATCH' ? await this.#explain(mapped, ref, id, parts) : mapped
    }
  }

  async abort(ref: ObjectRef, id: string): Promise<void> {
    try {
      await this.#client.send(new AbortMultipartUploadCommand({ Bucket: ref.bucket, Key: ref.key, UploadId: id }))
    } catch (failure) {
      const { name, status } = faultOf(failure)
      if (name !== 'NoSuchUpload' && status !== 404) throw storeFailure(failure, ref)
    }
  }

  /** Drops every upload of a key that begins with `prefix`. */
  async abortAll(bucket: string, prefix: string): Promise<void> {
    for await (const { key, id } of this.#list(bucket, prefix)) await this.abort({ bucket, key }, id)
  }

  async *#list(bucket: string, prefix: string): AsyncGenerator<{ key: string; id: string }> {
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {}
    while (markers !== undefined) {
      const target = { Bucket: bucket, Prefix: prefix, EncodingType: 'url' as const, ...markers }
      const page: ListMultipartUploadsCommandOutput | undefined = await this.#listPage(target)
      if (page === undefined) return
      const decode = keysOf(page)
      for (const { Key: key = '', UploadId: id = '' } of page.Uploads ?? []) {
        if (decode(key).startsWith(prefix)) yield { key: decode(key), id }
      }
      markers = page.IsTruncated
        ? { KeyMarker: decode(page.NextKeyMarker ?? ''), UploadIdMarker: page.NextUploadIdMarker }
        : undefined
    }
  }

  async #listPage(target: ListMultipartUploadsCommandInput): Promise<ListMultipartUploadsCommandOutput | undefined> {
    try {
      return await this.#client.send(new ListMultipartUploadsCommand(target))
    } catch (failure) {
      if (LISTS_NO_UPLOADS.has(faultOf(failure).status ?? 0)) return undefined
      throw storeFailure(failure, `the uploads of the bucket "${target.Bucket}"`)
    }
  }

  /** S3 says that a part is wrong, not which. */
  async #explain(
    failure: LongshoreError,
    ref: ObjectRef,
    id: string,
    parts: readonly ListedPart[],
  ): Promise<LongshoreError> {
    const received = await this.listParts(ref, id).catch(() => [])
    const fault = findPartFault(parts, new Map(received.map((part) => [part.partNumber, part])))
    const detail = received.length > 0 && fault ? fault : `The parts of ${formatObjectUri(ref)}: ${failure.message}`
    return new LongshoreError('PARTS_MISMATCH', detail, { cause: failure })
  }

  async #do<Result>(ref: ObjectRef, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (failure) {
      throw storeFailure(failure, ref)
    }
  }
}
