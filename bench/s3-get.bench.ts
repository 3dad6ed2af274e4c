import { Agent, get as httpGet } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createS3Client } from '../src/storage/s3-client.ts'
import { S3Store } from '../src/storage/s3-store.ts'
import { startS3Server } from '../test/support/s3-server.ts'
import { median, report } from './support/report.ts'

const OBJECTS = 1000
const GETS = 10_000
const CONCURRENCY = 16
const RUNS = 3
const BUCKET = 'bench-get'

await using server = await startS3Server()
const access = { ...server, forcePathStyle: true }
const store = new S3Store({ ...access, bucket: BUCKET })
await store.start()
const keys = Array.from({ length: OBJECTS }, (_, i) => `small/${i}.dat`)
await atOnce(OBJECTS, (i) => store.put({ bucket: BUCKET, key: keyAt(i) }, Buffer.alloc(1024, i)))

const client = createS3Client(access)
const urls = await Promise.all(
  keys.map((Key) => getSignedUrl(client, new GetObjectCommand({ Bucket: BUCKET, Key }), { expiresIn: 3600 })),
)
const agent = new Agent({ keepAlive: true })
const ways = {
  raw: (i: number) => getRaw(urls[i % OBJECTS] ?? ''),
  sdk: (i: number) => getBySdk(keyAt(i)),
  ours: async (i: number) => buffer((await store.get({ bucket: BUCKET, key: keyAt(i) })).body),
}
const rates = { raw: [] as number[], sdk: [] as number[], ours: [] as number[] }
for (let run = 0; run < RUNS; run += 1) {
  for (const way of ['raw', 'sdk', 'ours'] as const) rates[way].push(await rateOf(ways[way]))
}
const what = `${GETS} × 1 KiB from ${server.name}, ${CONCURRENCY} at once`
const ours = median(rates.ours)
report({ what, unit: 'objects/s', ours, baseline: { name: 'SDK', value: median(rates.sdk) }, goal: { atLeast: 1 } })
report({ what, unit: 'objects/s', ours, baseline: { name: 'raw HTTP', value: median(rates.raw) } })
agent.destroy()
client.destroy()
await store.stop()

function keyAt(i: number): string {
  return keys[i % OBJECTS] ?? ''
}

function getRaw(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    httpGet(url, { agent }, (response) => resolve(buffer(response))).on('error', reject)
  })
}

async function getBySdk(key: string): Promise<Uint8Array | undefined> {
  const { Body: body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))
  return body?.transformToByteArray()
}

async function rateOf(get: (i: number) => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await atOnce(GETS, get)
  return GETS / ((performance.now() - begun) / 1000)
}

async function atOnce(count: number, action: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await action(i)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
}
