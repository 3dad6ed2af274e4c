import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { messageOf } from '../../base/errors.ts'
import type { Config } from '../../config.ts'
import { formatObjectUri, type ObjectRef } from '../../storage/object-uri.ts'
import { createS3Client, type S3Access } from '../../storage/s3-client.ts'
import { faultOf, storeFailure } from '../../storage/s3-errors.ts'
import { S3Store } from '../../storage/s3-store.ts'
import { type Finding, findingsOf } from './finding.ts'

const { ok, warning, failed } = findingsOf('store')

const PROBE = new TextEncoder().encode('written by longshore doctor\n')

/** One thing the service does with the bucket, and the permission it takes. */
interface Step {
  readonly permission: string
  readonly work: () => Promise<unknown>
}

/** The settings that say which objects a service touches. */
type Places = Pick<Config, 'bucket' | 'readableBuckets' | 'datasetsPrefix' | 'resultsPrefix'>

/**
 * Does all that a service does with its bucket on objects of its own, which it removes, and tells every permission that
 * is missing. Nothing is made that was not there: a missing bucket is only told.
 */
export async function checkS3(access: S3Access, places: Places): Promise<Finding[]> {
  const { bucket, readableBuckets } = places
  const store = new S3Store({ ...access, bucket })
  try {
    const unreachable = await reach(store, access, bucket)
    if (unreachable !== undefined) return [unreachable]
    const others = readableBuckets.filter((name) => name !== bucket)
    const readable = await Promise.all(others.map((name) => checkReadable(store, name)))
    return [await tryAll(store, access, places), ...readable.filter((finding) => finding !== undefined)]
  } finally {
    await store.stop()
  }
}

async function reach(store: S3Store, access: S3Access, bucket: string): Promise<Finding | undefined> {
  const where = access.endpoint ?? `AWS (${access.region})`
  try {
    await listSome(store, bucket)
    return undefined
  } catch (failure) {
    const { name, status } = causeOf(failure)
    if (status === 403) return undefined
    if (name === 'NoSuchBucket') return missing(bucket, where, access)
    const todo =
      status === undefined
        ? 'Check S3_ENDPOINT_URL, that the server runs, and that this machine reaches it'
        : 'Check S3_BUCKET, S3_REGION, S3_ACCESS_KEY and S3_SECRET_KEY'
    return failed(`The bucket ${bucket} at ${where} cannot be reached: ${messageOf(failure)}`, todo)
  }
}

function missing(bucket: string, where: string, { endpoint, region }: S3Access): Finding {
  const message = `There is no bucket ${bucket} at ${where}`
  if (endpoint === undefined)
    return failed(message, `Make it in ${region}, or set S3_BUCKET and S3_REGION to one there is`)
  return warning(`${message}; the service makes it`, 'Make it yourself if the key may not')
}

/** What went wrong first: the store's errors carry what S3 said as their cause. */
function causeOf(failure: unknown): { name: string; status: number | undefined } {
  return faultOf(failure instanceof Error && failure.cause !== undefined ? failure.cause : failure)
}

async function listSome(store: S3Store, bucket: string): Promise<void> {
  for await (const _ of store.list(bucket, 'longshore-doctor/')) return
}

async function checkReadable(store: S3Store, bucket: string): Promise<Finding | undefined> {
  try {
    await store.head({ bucket, key: 'longshore-doctor' })
    await listSome(store, bucket)
    return undefined
  } catch (failure) {
    const todo = 'Give the key s3:ListBucket and s3:GetObject there, or take the bucket out of S3_ALLOWED_BUCKETS'
    return warning(`The bucket ${bucket} of S3_ALLOWED_BUCKETS cannot be read: ${messageOf(failure)}`, todo)
  }
}

async function tryAll(store: S3Store, access: S3Access, places: Places): Promise<Finding> {
  const { bucket, resultsPrefix, datasetsPrefix } = places
  const object = { bucket, key: `${resultsPrefix}/longshore-doctor-${randomUUID()}` }
  const upload = { bucket, key: `${datasetsPrefix}/longshore-doctor-${randomUUID()}` }
  const missingPermissions: string[] = []
  const { steps, tidyUp } = probing(store, access, object, upload)
  try {
    for (const { permission, work } of steps) {
      try {
        await work()
      } catch (failure) {
        if (causeOf(failure).status !== 403) return broken(permission, failure)
        missingPermissions.push(permission)
      }
    }
  } finally {
    await tidyUp()
  }
  const where = `the bucket ${bucket} at ${access.endpoint ?? `AWS (${access.region})`}`
  if (missingPermissions.length === 0) return ok(`${where} takes, gives and removes objects and multipart uploads`)
  const message = `The key may not do all that the service does with ${where}: ${missingPermissions.join(', ')}`
  const rest = missingPermissions.includes('s3:DeleteObject') ? `; ${formatObjectUri(object)} is left behind` : ''
  if (missingPermissions.join() === UPLOAD_LISTING) return warning(message, UPLOAD_LISTING_REMEDY)
  return failed(
    message + rest,
    'Allow it in the policy of the key or the bucket. A wrong S3_SECRET_KEY looks like this too',
  )
}

const UPLOAD_LISTING = 's3:ListBucketMultipartUploads'
const UPLOAD_LISTING_REMEDY =
  'Allow it, or give the bucket a lifecycle rule that removes unfinished uploads: those that a crash or a lost answer left open stay otherwise'

function broken(permission: string, failure: unknown): Finding {
  return failed(
    `${permission} went wrong: ${messageOf(failure)}`,
    'Look at the log of the store; the service needs this to work',
  )
}

/** What is tried, and how what it leaves is removed as far as the key may. */
interface Probing {
  /** In the order in which they build on each other; one whose ground is missing has nothing to try. */
  readonly steps: readonly Step[]
  readonly tidyUp: () => Promise<unknown>
}

function probing(store: S3Store, access: S3Access, object: ObjectRef, upload: ObjectRef): Probing {
  const { bucket } = object
  const is = { put: false, uploadId: '' }
  const tidyUp = (): Promise<unknown> =>
    Promise.allSettled([
      store.delete([object]),
      is.uploadId !== '' && store.abortUpload(upload, is.uploadId),
      store.abortUploads(bucket, upload.key),
    ])
  const steps: Step[] = [
    { permission: 's3:ListBucket', work: () => listSome(store, bucket) },
    {
      permission: 's3:PutObject',
      work: async () => {
        await store.put(object, PROBE)
        is.put = true
      },
    },
    { permission: 's3:GetObject', work: async () => is.put && (await readBack(store, object)) },
    { permission: 's3:DeleteObject', work: async () => is.put && (await store.delete([object])) },
    {
      permission: 's3:PutObject (multipart)',
      work: async () => {
        is.uploadId = await store.createUpload(upload, { sizeBytes: PROBE.length, partSizeBytes: PROBE.length })
        await store.uploadPart(upload, is.uploadId, { partNumber: 1, sizeBytes: PROBE.length }, PROBE)
      },
    },
    {
      permission: 's3:ListMultipartUploadParts',
      work: async () => is.uploadId !== '' && (await store.listParts(upload, is.uploadId)),
    },
    {
      permission: 's3:AbortMultipartUpload',
      work: async () => is.uploadId !== '' && (await store.abortUpload(upload, is.uploadId)),
    },
    { permission: UPLOAD_LISTING, work: () => listUploads(access, bucket) },
  ]
  return { steps, tidyUp }
}

async function readBack(store: S3Store, object: ObjectRef): Promise<void> {
  const { body } = await store.get(object)
  const read = await buffer(body)
  if (!read.equals(PROBE)) throw new Error(`it gave back ${read.length} other bytes than the ${PROBE.length} it took`)
}

/** By itself, because the store makes do without it. */
async function listUploads(access: S3Access, bucket: string): Promise<void> {
  const client = createS3Client(access)
  try {
    await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, MaxUploads: 1 }))
  } catch (failure) {
    const { status } = faultOf(failure)
    // Servers that do not know the call at all are served without it.
    if (status !== 405 && status !== 501) throw storeFailure(failure, `the bucket "${bucket}"`)
  } finally {
    client.destroy()
  }
}
