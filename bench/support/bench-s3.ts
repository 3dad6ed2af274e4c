import { execFile } from 'node:child_process'
import { Agent, get as httpGet, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { systemClock } from '../../src/base/clock.ts'
import { forEachAtOnce } from '../../src/input/at-once.ts'
import { type FetchedFile, fetchInputs } from '../../src/input/fetch-inputs.ts'
import { createS3Client } from '../../src/storage/s3-client.ts'
import { S3Store } from '../../src/storage/s3-store.ts'
import { startS3Server } from '../../test/support/s3-server.ts'

const run = promisify(execFile)

const BUCKET = 'bench'

const CONCURRENCY = 16

const running = { signal: new AbortController().signal, concurrency: CONCURRENCY }

/** A server with `count` objects of `sizeBytes`, and the three ways to fetch them. */
export async function s3Bench(count: number, sizeBytes: number) {
  const server = await startS3Server()
  const access = {
    endpoint: server.endpoint,
    region: server.region,
    credentials: server.credentials,
    forcePathStyle: true,
  }
  const store = new S3Store({ ...access, bucket: BUCKET })
  await store.start()
  const client = createS3Client(access)
  const keys = Array.from({ length: count }, (_, index) => `input/${String(index).padStart(6, '0')}.bin`)
  const bytes = Buffer.alloc(sizeBytes, 'longshore')
  await forEachAtOnce(keys, { ...running, concurrency: 4 }, async (key) => {
    await store.put({ bucket: BUCKET, key }, bytes)
  })
  const entries = keys.map((key) => ({ uri: `s3://${BUCKET}/${key}` }))
  const urls = await Promise.all(
    keys.map((Key) => getSignedUrl(client, new GetObjectCommand({ Bucket: BUCKET, Key }), { expiresIn: 3600 })),
  )
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY })

  return {
    /** Every input through Longshore: looked for, checked, fetched into `folder`. */
    ours: (folder: string): Promise<FetchedFile[]> =>
      fetchInputs(entries, {
        ...running,
        store,
        clock: systemClock,
        folder: () => folder,
        mode: 'download',
        limits: { fileBytes: Number.MAX_SAFE_INTEGER, jobBytes: Number.MAX_SAFE_INTEGER },
        onFile: () => {},
        onProgress: () => {},
      }),
    /** Plain HTTP over URLs that were signed beforehand. */
    raw: (take: (body: IncomingMessage, index: number) => Promise<unknown>): Promise<void> =>
      forEachAtOnce([...urls.entries()], running, async ([index, url]) => {
        await take(await plainGet(url, agent), index)
      }),
    /** The SDK's GetObject. */
    sdk: (take: (body: Uint8Array, index: number) => Promise<unknown>): Promise<void> =>
      forEachAtOnce([...keys.entries()], running, async ([index, Key]) => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
        await take((await Body?.transformToByteArray()) ?? new Uint8Array(), index)
      }),
    serverName: server.name,
    /** Memory that fetching one object of so many MiB takes beyond idle, in MiB, in a process of its own. */
    async memoryOf(sizeMib: number, folder: string): Promise<number> {
      const ref = { bucket: BUCKET, key: 'one.bin' }
      await store.put(ref, mebibytes(sizeMib), { sizeBytes: sizeMib * 1024 * 1024 })
      const script = join(import.meta.dirname, 'fetch-once.ts')
      const given = [`s3://${BUCKET}/${ref.key}`, folder, JSON.stringify({ ...access, bucket: BUCKET })]
      return Number((await run(process.execPath, [script, ...given])).stdout)
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
      client.destroy()
      await store.stop()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function* mebibytes(count: number): AsyncGenerator<Uint8Array> {
  const one = Buffer.alloc(1024 * 1024, 'longshore')
  for (let index = 0; index < count; index++) yield one
}

function plainGet(url: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpGet(url, { agent }, resolve).on('error', reject)
  })
}
