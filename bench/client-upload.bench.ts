import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { JobClient } from '@longshore/client/node'
import { createS3Client } from '../src/storage/s3-client.ts'
import { startS3Server } from '../test/support/s3-server.ts'
import { Bucket, s3Settings } from '../test/support/s3-service.ts'
import { tempFolder } from '../test/support/temp-folder.ts'
import { startTarget } from './support/load.ts'
import { median, report } from './support/report.ts'
import { MIB } from './support/send-bytes.ts'

/**
 * `uploadFiles` of a large file, from the start of the upload to the queued job, to a service on an S3 server, beside the
 * SDK's own multipart upload straight to that server: the same parts, as many at once.
 */
const SIZE_MIB = 1024
const PART_MIB = 5
const PARTS_AT_ONCE = 4
const ROUNDS = 3

await using server = await startS3Server()
await using folder = await tempFolder()
const bucket = await new Bucket(server).make()
const settings = { ...s3Settings(server, bucket), MULTIPART_PART_SIZE_MB: String(PART_MIB) }
const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
await using service = await startTarget('noop-service.ts', given)

const path = join(folder.path, 'large.bin')
await writeLarge()
const client = new JobClient({ url: service.url })
const s3 = createS3Client({ ...server, forcePathStyle: true })

const rates = { ours: [] as number[], sdk: [] as number[] }
for (let round = 0; round < ROUNDS; round++) {
  rates.sdk.push(await rateOf(uploadBySdk))
  rates.ours.push(await rateOf(uploadByClient))
}
report({
  what: `1 GiB from disk to ${server.name}, ${PARTS_AT_ONCE} parts of ${PART_MIB} MiB at once`,
  unit: 'MiB/s',
  ours: median(rates.ours),
  baseline: { name: 'lib-storage', value: median(rates.sdk) },
  goal: { atLeast: 0.9 },
})

async function uploadByClient(): Promise<string> {
  const jobId = await client.uploadFiles([path], { concurrency: PARTS_AT_ONCE })
  return `datasets/${jobId}/large.bin`
}

async function uploadBySdk(): Promise<string> {
  const params = { Bucket: bucket.name, Key: 'by-sdk.bin', Body: createReadStream(path) }
  await new Upload({ client: s3, params, partSize: PART_MIB * MIB, queueSize: PARTS_AT_ONCE }).done()
  return params.Key
}

/** MiB a second; what was uploaded is removed outside of the time. */
async function rateOf(upload: () => Promise<string>): Promise<number> {
  const begun = performance.now()
  const key = await upload()
  const rate = (SIZE_MIB * 1000) / (performance.now() - begun)
  await s3.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: key }))
  return rate
}

async function writeLarge(): Promise<void> {
  const file = await open(path, 'w')
  const mebibyte = Buffer.alloc(MIB, 'longshore crews load and unload ships; ')
  for (let i = 0; i < SIZE_MIB; i++) {
    mebibyte.writeUInt32LE(i)
    await file.write(mebibyte)
  }
  await file.close()
}
