import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe, test } from 'node:test'
import { someBytes } from '../support/bytes.ts'
import { openChaosProxy } from '../support/chaos-proxy.ts'
import { startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'

const MIB = 1024 * 1024

/** 1024 for the gibibyte. */
const SIZE_MIB = Number(process.env.LONGSHORE_RESUME_MIB ?? 128)

const CHILD = join(import.meta.dirname, '../support/upload-child.ts')

/** The default of MULTIPART_PART_SIZE_MB, and of the client's `concurrency`. */
const PART_BYTES = 5 * MIB
const CONNECTIONS = 4

/** What a child says. */
type Word = { started?: string; sentBytes?: number; jobId?: string }

describe(`an upload of ${SIZE_MIB} MiB whose client is killed half-way is resumed by another`, () => {
  test('and sends at most one part per connection again, to the local store', async () => {
    await using service = await openService()
    await using proxy = await openChaosProxy(service.api.url)
    await killAndResume(proxy.url, proxy, (id) => service.api.until(id, ({ status }) => status === 'completed'))
  })

  test('and sends at most one part per connection again, to an S3 store', async (t) => {
    await using server = await startS3Server()
    if (server.name === 'fauxqs') return t.skip('fauxqs lists no parts, so no ingest can be completed')
    await using proxy = await openChaosProxy(server.endpoint)
    const bucket = new Bucket(server)
    await using service = await openService(s3Settings(server, bucket, proxy.url))
    await killAndResume(service.api.url, proxy, (id) => service.api.until(id, ({ status }) => status === 'completed'))
  })
})

async function killAndResume(
  url: string,
  proxy: { sentBytes: number },
  ended: (jobId: string) => Promise<{ result: { digests: Record<string, string> } | null }>,
): Promise<void> {
  await using folder = await tempFolder()
  const path = join(folder.path, 'large.bin')
  const sizeBytes = await writeLarge(path)

  const first = fork(CHILD, [url, path], { execArgv: ['--conditions=longshore-source'] })
  const jobId = await killHalfWay(first, sizeBytes)
  const sentFirst = proxy.sentBytes
  assert.ok(sentFirst < 0.8 * sizeBytes, `${sentFirst} of ${sizeBytes} bytes were sent before the kill`)

  const second = fork(CHILD, [url, path, jobId], { execArgv: ['--conditions=longshore-source'] })
  const words: Word[] = []
  second.on('message', (word) => words.push(word as Word))
  assert.deepEqual(await once(second, 'exit'), [0, null])
  assert.equal(words.at(-1)?.jobId, jobId)

  const again = proxy.sentBytes - sizeBytes
  // Beside the bytes themselves: the headers of a request for each part, and the few that say so.
  const headerBytes = Math.ceil(sizeBytes / PART_BYTES) * 2000 + 20_000
  assert.ok(again <= CONNECTIONS * PART_BYTES + headerBytes, `${again} bytes were sent again`)
  assert.deepEqual((await ended(jobId)).result?.digests, { 'large.bin': await digestOf(path) })
}

/** Waits until half of the bytes have arrived, kills the client, and answers the id of the job. */
async function killHalfWay(child: ChildProcess, sizeBytes: number): Promise<string> {
  let jobId = ''
  const exited = once(child, 'exit')
  child.on('message', ({ started, sentBytes = 0 }: Word) => {
    jobId = started ?? jobId
    if (sentBytes >= sizeBytes / 2) child.kill('SIGKILL')
  })
  assert.deepEqual(await exited, [null, 'SIGKILL'])
  return jobId
}

/** Every mebibyte differs from the others, and the last part is not full. */
async function writeLarge(path: string): Promise<number> {
  const file = await open(path, 'w')
  const mebibyte = someBytes(MIB)
  for (let i = 0; i < SIZE_MIB; i++) {
    mebibyte.writeUInt32LE(i)
    await file.write(mebibyte)
  }
  await file.write('the end')
  await file.close()
  return SIZE_MIB * MIB + 7
}

async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256')
  await pipeline(createReadStream(path), digest)
  return digest.digest('hex')
}
