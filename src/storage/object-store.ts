import type { Readable } from 'node:stream'
import type { Component } from '../base/lifecycle.ts'
import type { ObjectRef } from './object-uri.ts'

/** What a store knows of an object. */
export interface ObjectInfo {
  sizeBytes: number
  /** Changes with the content; in double quotes, as in the HTTP header. */
  etag: string
  /** Milliseconds since 1970. */
  modifiedAt: number
  contentType: string
}

/** Bytes `start` to `end`, both inclusive, from 0; to the object's end without `end`. */
export interface ByteRange {
  start: number
  end?: number
}

export interface GetOptions {
  range?: ByteRange
  /** Only if the object still has this ETag; else `PRECONDITION_FAILED`. */
  ifMatch?: string
  signal?: AbortSignal
}

export interface PutOptions {
  /** The local store goes by the key's extension instead. */
  contentType?: string
  /** Known beforehand; a body of another length is refused with `PART_SIZE_MISMATCH`. */
  sizeBytes?: number
  signal?: AbortSignal
}

/** What an upload of known size is announced as. Every part has `partSizeBytes`, but the last, which may be shorter. */
export interface UploadPlan {
  sizeBytes: number
  partSizeBytes: number
  contentType?: string
}

/** One part as it was received. */
export interface UploadedPart {
  partNumber: number
  sizeBytes: number
  etag: string
}

/**
 * The bytes of an object or part. A stream is read to its end, unless the call fails: then it is left as it stands,
 * paused, and is its owner's to drain or destroy, so that a refused request can still be answered.
 */
export type ObjectBody = Uint8Array | Readable | AsyncIterable<Uint8Array>

/**
 * Keeps files, addressed as `s3://bucket/key` whatever keeps them. An object is whole or not there: a put that fails
 * leaves what was there before, and a reader of an overwritten object reads the one it opened.
 *
 * Errors: `OBJECT_NOT_FOUND`, `UPLOAD_NOT_FOUND`, `PARTS_MISMATCH`, `PART_SIZE_MISMATCH`, `RANGE_NOT_SATISFIABLE`,
 * `PRECONDITION_FAILED`, `FILE_TOO_LARGE`, `STORAGE_FULL`, `STORE_UNAVAILABLE`; an aborted signal throws its reason.
 */
export interface ObjectStore extends Component {
  /** Whether signed URLs lead to this service (`local`) or straight to the store (`s3`). */
  readonly kind: 'local' | 's3'

  /** Writes a whole object durably. A stream is written with memory bounded by a few parts. */
  put(ref: ObjectRef, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo>
  /** Reads an object, or a range of it; `info` is the whole object's. The body must be read to its end or destroyed. */
  get(ref: ObjectRef, options?: GetOptions): Promise<{ info: ObjectInfo; body: Readable }>
  /** What the store knows of an object; undefined when it is not there. */
  head(ref: ObjectRef): Promise<ObjectInfo | undefined>
  /** The objects whose key begins with `prefix`, in order of the key's UTF-8 bytes, page by page behind the scenes. */
  list(bucket: string, prefix: string): AsyncIterable<{ key: string; sizeBytes: number }>
  /** Removes objects; one that is not there is no fault. */
  delete(refs: readonly ObjectRef[]): Promise<void>

  /** Opens a multipart upload and answers its id. */
  createUpload(ref: ObjectRef, plan: UploadPlan): Promise<string>
  /** A URL that takes one part by `PUT` until `expiresAt`; relative to the service's own address when `kind` is `local`. */
  signPart(
    ref: ObjectRef,
    uploadId: string,
    part: { partNumber: number; sizeBytes: number },
    expiresAt: number,
  ): Promise<string>
  /** Receives one part; a repeated part replaces the earlier one. A body longer or shorter than `sizeBytes` is refused. */
  uploadPart(
    ref: ObjectRef,
    uploadId: string,
    part: { partNumber: number; sizeBytes: number },
    body: ObjectBody,
    signal?: AbortSignal,
  ): Promise<UploadedPart>
  /** The parts received so far, by number. */
  listParts(ref: ObjectRef, uploadId: string): Promise<UploadedPart[]>
  /**
   * Makes the object of exactly these parts, listed in order from 1; ETags with or without their quotes. Repeating it
   * after success answers the object. An S3 store does not know how many parts were planned: see to the size yourself.
   */
  completeUpload(
    ref: ObjectRef,
    uploadId: string,
    parts: readonly { partNumber: number; etag: string }[],
  ): Promise<ObjectInfo>
  /** Drops an upload and its parts; one that is not there is no fault. */
  abortUpload(ref: ObjectRef, uploadId: string): Promise<void>
  /**
   * Drops every upload of a key that begins with `prefix`, also those whose id nobody kept. It looks through all uploads
   * on the local store. An S3 server that does not list uploads, or not for us, keeps them.
   */
  abortUploads(bucket: string, prefix: string): Promise<void>

  /** A URL that serves the object until `expiresAt`; relative to the service's own address when `kind` is `local`. */
  signGet(ref: ObjectRef, expiresAt: number): Promise<string>
}
