import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { LongshoreError } from '../base/errors.ts'
import { faultOf, storeFailure, wordOf } from './s3-errors.ts'

/** How long a connection may take to be made, in ms. */
const CONNECT_TIMEOUT_MS = 5000
/** How long a connection may stand still, in ms. Completing a large upload is silent for long on some stores. */
const SILENCE_TIMEOUT_MS = 120_000

/** What fails is thrown, and logged once by whoever catches it; the SDK's warnings on the console say it again. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** Where an S3 store is and how it is spoken to. */
export interface S3Access {
  /** URL of an S3-compatible server; undefined means AWS. */
  endpoint: string | undefined
  /** URL under which those who are given presigned URLs reach it; undefined or unset when it is the same. */
  publicEndpoint?: string | undefined
  /** Region that requests are signed for. */
  region: string
  /** Whether the bucket stands in the path instead of the host name. */
  forcePathStyle: boolean
  /** Undefined means the SDK's own search: environment, profile, instance role. */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined
}

/**
 * The SDK's client. Checksums are sent only where S3 demands them: a presigned part URL would otherwise carry the
 * checksum of an empty body, and many S3-compatible servers do not know the trailing ones. The number of connections is
 * bounded by those who call, so that a body nobody reads cannot keep others waiting for a socket.
 */
export function createS3Client(access: S3Access): S3Client {
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY }
  return new S3Client({
    region: access.region,
    forcePathStyle: access.forcePathStyle,
    ...(access.endpoint !== undefined && { endpoint: access.endpoint }),
    // A copy: the SDK writes into what it is given, and the configuration is frozen.
    ...(access.credentials && { credentials: { ...access.credentials } }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    logger: SILENT,
    requestHandler: {
      httpAgent: agent,
      httpsAgent: agent,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
    },
  })
}

/**
 * Makes sure that the bucket can be reached. One that is missing is made on an S3-compatible server; on AWS, where
 * buckets cost, have owners and names are the world's, it is for a person to make. Throws `STORE_UNAVAILABLE` with what
 * to check.
 */
export async function reachBucket(client: S3Client, access: S3Access, bucket: string): Promise<void> {
  try {
    // Unlike HeadBucket it answers with an error code that says what is wrong.
    await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }))
  } catch (failure) {
    if (faultOf(failure).name !== 'NoSuchBucket') throw unreachable(failure, access, bucket)
    if (access.endpoint === undefined) throw missing(bucket, access.region)
    await makeBucket(client, access, bucket)
  }
}

async function makeBucket(client: S3Client, access: S3Access, bucket: string): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } catch (failure) {
    const isThere = /^BucketAlready(OwnedByYou|Exists)$/.test(faultOf(failure).name)
    if (!isThere) throw unreachable(failure, access, bucket)
  }
}

function missing(bucket: string, region: string): LongshoreError {
  const detail = `There is no bucket "${bucket}" in ${region}. Create it, or set S3_BUCKET and S3_REGION to one that exists.`
  return new LongshoreError('STORE_UNAVAILABLE', detail, { retryable: false })
}

function unreachable(failure: unknown, access: S3Access, bucket: string): LongshoreError {
  const { status } = faultOf(failure)
  const where = access.endpoint ?? `AWS (${access.region})`
  if (status === 403 || status === 401) return storeFailure(failure, `the bucket "${bucket}" at ${where}`)
  const hint =
    status === undefined
      ? 'Check S3_ENDPOINT_URL and that the server runs'
      : 'Check S3_BUCKET, S3_REGION and S3_ACCESS_KEY'
  const detail = `The bucket "${bucket}" at ${where} cannot be reached: ${describe(failure)}. ${hint}.`
  return new LongshoreError('STORE_UNAVAILABLE', detail, { cause: failure })
}

/** A refused connection to a name with several addresses comes as an AggregateError without a text of its own. */
function describe(failure: unknown): string {
  const { name } = faultOf(failure)
  const text = wordOf(failure)
  return text === '' ? name : `${name}: ${text}`
}
