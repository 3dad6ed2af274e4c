import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { JobClient } from '@longshore/client/node'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { openScriptedService, type Script } from '../support/scripted-service.ts'
import { tempFolder } from '../support/temp-folder.ts'

const BYTES = Buffer.alloc(700_000, 'some bytes of an output')

const write: Script = async ({ outputs }) => {
  const large = outputs.file('sub/large output+1.bin')
  await large.write(BYTES)
  await large.close()
  await outputs.file('empty.txt').close()
  return null
}

const HELLO = { name: 'hello.txt', data: new Blob(['hello']) }

/** A `fetch` that breaks the first answer from an object's URL half-way. */
function breakingFetch(): { fetch: typeof fetch; ranges: (string | null)[] } {
  const ranges: (string | null)[] = []
  const broken: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (!String(input).includes('large')) return response
    ranges.push(new Headers(init?.headers).get('range'))
    if (ranges.length > 1) return response
    let left = 100_000
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (left <= 0) return controller.error(new Error('cut'))
        controller.enqueue(chunk.subarray(0, left))
        left -= chunk.length
      },
    })
    return new Response(response.body?.pipeThrough(cut), response)
  }
  return { fetch: broken, ranges }
}

/** What holds of every store. */
function rules(settings: () => Promise<Record<string, string>>): void {
  test('outputs come down byte for byte, with odd names, empty ones, and after a broken connection', async () => {
    await using service = await openScriptedService(write, await settings())
    await using folder = await tempFolder()
    const { fetch, ranges } = breakingFetch()
    const client = new JobClient({ url: service.api.url, fetch, retry: { baseMs: 1 } })
    const { job, downloaded } = await client.process([HELLO], { outputDir: folder.path })
    assert.deepEqual(await readFile(join(folder.path, job.job_id, 'sub/large output+1.bin')), BYTES)
    assert.equal((await readFile(join(folder.path, job.job_id, 'empty.txt'))).length, 0)
    assert.deepEqual(ranges, [null, 'bytes=100000-'])
    assert.ok(downloaded.every(({ skipped }) => !skipped))
    const again = await client.downloadFiles(
      downloaded.map(({ uri }) => uri),
      folder.path,
    )
    assert.ok(again.every(({ skipped }) => skipped))
  })

  test('a URL that has expired is renewed by itself', async () => {
    await using service = await openScriptedService(write, { ...(await settings()), DOWNLOAD_URL_TTL_SECONDS: '1' })
    await using folder = await tempFolder()
    const statuses: number[] = []
    const watched: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (String(input).includes('large')) statuses.push(response.status)
      return response
    }
    const client = new JobClient({ url: service.api.url, fetch: watched })
    const { job, outputs } = await client.process([HELLO])
    // The store itself decides by its own clock when a URL is too old.
    await delay(2100)
    await client.downloadFiles(outputs, folder.path)
    assert.deepEqual(statuses, [403, 200])
    assert.deepEqual(await readFile(join(folder.path, job.job_id, 'sub/large output+1.bin')), BYTES)
  })
}

describe('from the local store', () => rules(async () => ({})))

describe('from S3, by presigned URLs', () => {
  let server: S3Server
  before(async () => {
    server = await startS3Server()
  })
  after(() => server[Symbol.asyncDispose]())
  rules(async () => s3Settings(server, await new Bucket(server).make()))
})
