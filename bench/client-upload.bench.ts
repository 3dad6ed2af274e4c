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

/** MiB a second, and seconds of this process's own work. */
interface Run {
  rate: number
  work: number
}

const runs = { ours: [] as Run[], sdk: [] as Run[] }
for (let round = 0; round < ROUNDS; round++) {
  runs.sdk.push(await timed(uploadBySdk))
  runs.ours.push(await timed(uploadByClient))
}
report({
  what: `1 GiB from disk to ${server.name}, ${PARTS_AT_ONCE} parts of ${PART_MIB} MiB at once`,
  unit: 'MiB/s',
  ours: middle(runs.ours, 'rate'),
  baseline: { name: 'lib-storage', value: middle(runs.sdk, 'rate') },
  goal: { atLeast: 0.9 },
})
report({
  what: 'CPU time of the client for 1 GiB',
  unit: 's',
  ours: middle(runs.ours, 'work'),
  baseline: { name: 'lib-storage', value: middle(runs.sdk, 'work') },
})

function middle(of: readonly Run[], what: keyof Run): number {
  return median(of.map((run) => run[what]))
}

async function uploadByClient(): Promise<string> {
  const jobId = await client.uploadFiles([path], { concurrency: PARTS_AT_ONCE })
  return `datasets/${jobId}/large.bin`
}

async function uploadBySdk(): Promise<string> {
  const params = { Bucket: bucket.name, Key: 'by-sdk.bin', Body: createReadStream(path) }
  await new Upload({ client: s3, params, partSize: PART_MIB * MIB, queueSize: PARTS_AT_ONCE }).done()
  return params.Key
}

/** What was uploaded is removed outside of the time. */
async function timed(upload: () => Promise<string>): Promise<Run> {
  const workBefore = process.cpuUsage()
  const begun = performance.now()
  const key = await upload()
  const rate = (SIZE_MIB * 1000) / (performance.now() - begun)
  const { user, system } = process.cpuUsage(workBefore)
  await s3.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: key }))
  return { rate, work: (user + system) / 1_000_000 }
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
