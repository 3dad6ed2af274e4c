import { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { rangeNotSatisfiable } from './byte-range.ts'
import { abortable } from './file-body.ts'
import type { ByteRange, GetOptions, ObjectInfo } from './object-store.ts'
import type { ObjectRef } from './object-uri.ts'
import { isNotFound, storeFailure } from './s3-errors.ts'

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Where the objects of a bucket are asked for. */
interface Address {
  protocol: string
  hostname: string
  port: number | undefined
  host: string
  /** What stands before the key in the path. */
  path: string
}

interface S3Object {
  info: ObjectInfo
  body: Readable
}

/**
 * Reads objects. The SDK spends about four times as long on a small object as the request itself takes, mostly in its
 * middleware; so the request is made here and signed and sent by the SDK's own signer and connections. Whatever is not
 * a plain success is left to the SDK: its retries, its clock correction, its reading of error documents.
 */
export class S3Reader {
  readonly #client: S3Client
  readonly #clock: Clock
  #signer: ReturnType<S3Client['config']['signer']> | undefined
  readonly #addresses = new Map<string, Promise<Address>>()

  constructor(client: S3Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  async get(ref: ObjectRef, options: GetOptions): Promise<S3Object> {
    const { range, signal } = options
    signal?.throwIfAborted()
    // S3 takes a range that ends before it begins for none at all and sends the whole object.
    if (range && (range.start < 0 || range.start > (range.end ?? range.start))) throw rangeNotSatisfiable(range)
    try {
      const found =
        (await this.#getPlainly(ref, options).catch(() => undefined)) ?? (await this.#getBySdk(ref, options))
      return { info: found.info, body: signal ? abortable(found.body, signal) : found.body }
    } catch (failure) {
      signal?.throwIfAborted()
      throw storeFailure(failure, ref)
    }
  }

  /** What the store knows of an object; undefined when it is not there. */
  async head(ref: ObjectRef): Promise<ObjectInfo | undefined> {
    try {
      const { statusCode, headers, body } = await this.#send('HEAD', ref, {})
      if (body instanceof Readable) drain(body)
      if (statusCode === 200) return infoOf(headers)
    } catch {
      // The SDK tries again, and says what is wrong if that is no use either.
    }
    return this.#headBySdk(ref)
  }

  async #getPlainly(ref: ObjectRef, options: GetOptions): Promise<S3Object | undefined> {
    const { statusCode, headers, body } = await this.#send('GET', ref, options)
    if (!(body instanceof Readable)) return undefined
    if (statusCode === (options.range ? 206 : 200)) return { info: infoOf(headers), body }
    drain(body)
    return undefined
  }

  async #send(method: string, ref: ObjectRef, options: GetOptions) {
    const request = await this.#sign(method, ref, options)
    const handlerOptions = options.signal ? { abortSignal: options.signal } : {}
    const { response } = await this.#client.config.requestHandler.handle(request, handlerOptions)
    return response
  }

  async #sign(method: string, ref: ObjectRef, { range, ifMatch }: GetOptions) {
    const { protocol, hostname, port, host, path } = await this.#addressOf(ref.bucket)
    this.#signer ??= this.#client.config.signer()
    const signer = await this.#signer
    const signingDate = new Date(this.#clock.now() + this.#client.config.systemClockOffset)
    const headers = {
      host,
      'x-amz-content-sha256': EMPTY_SHA256,
      ...(range && { range: rangeHeader(range) }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    }
    const target = {
      protocol,
      hostname,
      ...(port !== undefined && { port }),
      path: path + escapeKey(ref.key),
      query: {},
    }
    return signer.sign({ method, headers, ...target }, { signingDate })
  }

  /** The SDK's own rules say where a bucket is; what it signs for any key of it shows where that was. */
  #addressOf(bucket: string): Promise<Address> {
    const known = this.#addresses.get(bucket)
    if (known) return known
    const resolved = this.#resolveAddress(bucket)
    this.#addresses.set(bucket, resolved)
    resolved.catch(() => this.#addresses.delete(bucket))
    return resolved
  }

  async #resolveAddress(bucket: string): Promise<Address> {
    const url = new URL(await getSignedUrl(this.#client, new GetObjectCommand({ Bucket: bucket, Key: 'k' })))
    const port = url.port === '' ? undefined : Number(url.port)
    return { protocol: url.protocol, hostname: url.hostname, port, host: url.host, path: url.pathname.slice(0, -1) }
  }

  async #headBySdk(ref: ObjectRef): Promise<ObjectInfo | undefined> {
    try {
      return infoOfOutput(await this.#client.send(new HeadObjectCommand({ Bucket: ref.bucket, Key: ref.key })))
    } catch (failure) {
      if (isNotFound(failure)) return undefined
      throw storeFailure(failure, ref)
    }
  }

  async #getBySdk(ref: ObjectRef, { range, ifMatch, signal }: GetOptions): Promise<S3Object> {
    const command = new GetObjectCommand({
      Bucket: ref.bucket,
      Key: ref.key,
      ...(range && { Range: rangeHeader(range) }),
      ...(ifMatch !== undefined && { IfMatch: ifMatch }),
    })
    const output = await this.#client.send(command, signal ? { abortSignal: signal } : {})
    const { Body: body } = output
    if (!(body instanceof Readable)) throw new LongshoreError('STORE_UNAVAILABLE', 'The object store sent no body.')
    if (!range || output.ContentRange !== undefined) return { info: infoOfOutput(output), body }
    body.destroy()
    throw new LongshoreError('STORE_UNAVAILABLE', 'The object store does not serve ranges.', { retryable: false })
  }
}

/** Reads what nobody wants, so that the connection can be used again. */
function drain(body: Readable): void {
  body.on('error', () => {}).resume()
}

function rangeHeader({ start, end }: ByteRange): string {
  return `bytes=${start}-${end ?? ''}`
}

/** As S3 wants it in a signature: RFC 3986, the slashes left as they are. */
function escapeKey(key: string): string {
  const hex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, hex)
}

function infoOf(headers: Record<string, string>): ObjectInfo {
  return {
    sizeBytes: wholeSize(headers['content-range'], Number(headers['content-length'])),
    etag: headers.etag ?? '',
    modifiedAt: Date.parse(headers['last-modified'] ?? ''),
    contentType: headers['content-type'] ?? 'application/octet-stream',
  }
}

function infoOfOutput(output: HeadObjectCommandOutput & { ContentRange?: string | undefined }): ObjectInfo {
  return {
    sizeBytes: wholeSize(output.ContentRange, output.ContentLength ?? 0),
    etag: output.ETag ?? '',
    modifiedAt: output.LastModified?.getTime() ?? 0,
    contentType: output.ContentType ?? 'application/octet-stream',
  }
}

/** Of a range the header names the whole: `bytes 0-9/100`. */
function wholeSize(contentRange: string | undefined, lengthBytes: number): number {
  return contentRange === undefined ? lengthBytes : Number(contentRange.slice(contentRange.lastIndexOf('/') + 1))
}
