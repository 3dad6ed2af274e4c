import { randomUUID } from 'node:crypto'
import {
  type CORSRule,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { createS3Client } from '../../src/storage/s3-client.ts'
import type { S3Server } from './s3-server.ts'

/** A bucket of its own on the server, looked at from outside the service. */
export class Bucket {
  readonly name = `e2e-${randomUUID()}`
  readonly #client: S3Client

  constructor(server: S3Server) {
    this.#client = createS3Client({ ...server, forcePathStyle: true })
  }

  async make(): Promise<this> {
    await this.#client.send(new CreateBucketCommand({ Bucket: this.name }))
    return this
  }

  /** Lets pages of other origins use it, by these rules. */
  async allowOrigins(rules: CORSRule[]): Promise<void> {
    const command = new PutBucketCorsCommand({ Bucket: this.name, CORSConfiguration: { CORSRules: rules } })
    await this.#client.send(command)
  }

  async put(key: string, body: string | Uint8Array): Promise<string> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.name, Key: key, Body: body }))
    return `s3://${this.name}/${key}`
  }

  async keys(prefix = ''): Promise<string[]> {
    const { Contents: found = [] } = await this.#client.send(
      new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix }),
    )
    return found.map(({ Key: key = '' }) => key)
  }

  /** Completes an upload behind the service's back: what a crash between the store and the record leaves. */
  async complete(key: string, uploadId: string, parts: { PartNumber: number; ETag: string }[]): Promise<void> {
    const target = { Bucket: this.name, Key: key, UploadId: uploadId, MultipartUpload: { Parts: parts } }
    await this.#client.send(new CompleteMultipartUploadCommand(target))
  }

  /** The keys of uploads that are under way. */
  async uploads(): Promise<string[]> {
    const { Uploads: open = [] } = await this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.name }))
    return open.map(({ Key: key = '' }) => key)
  }
}

/** The settings that let a service use a bucket of the server, at another address of it if given. */
export function s3Settings(server: S3Server, bucket: Bucket, endpoint = server.endpoint): Record<string, string> {
  return {
    S3_ENDPOINT_URL: endpoint,
    S3_ACCESS_KEY: server.credentials.accessKeyId,
    S3_SECRET_KEY: server.credentials.secretAccessKey,
    S3_REGION: server.region,
    S3_BUCKET: bucket.name,
  }
}
