import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ApiError, JobClient, type UploadProgress } from '@longshore/client'
import { fileAt } from '@longshore/client/node'
import { z } from 'zod'
import { tempFolder } from '../support/temp-folder.ts'
import { type Answer, type Received, tinyServer } from './tiny-server.ts'

const JOB_ID = '018f4c1e-0000-7000-8000-000000000001'
const PART_BYTES = 4

const Start = z.looseObject({ files: z.array(z.object({ filename: z.string(), size_bytes: z.number() })) })

const Complete = z.object({
  file_id: z.string(),
  upload_id: z.string(),
  parts: z.array(z.object({ PartNumber: z.number(), ETag: z.string() })),
})

const FILES = [
  { name: 'a.txt', data: new Blob(['abcdefghij']) },
  { name: 'b.txt', data: new Blob(['xyz']) },
]

describe('an upload', () => {
  test('sends each part once, completes each file with its quoted ETags in order, and answers the job', async () => {
    const service = ingestService()
    await using server = await tinyServer(service.answer)
    const jobId = await new JobClient({ url: server.url }).uploadFiles(FILES, { job: { priority: 5 } })
    assert.equal(jobId, JOB_ID)
    assert.equal(service.started[0]?.priority, 5)
    assert.deepEqual(service.files(), { 'a.txt': 'abcdefghij', 'b.txt': 'xyz' })
    assert.deepEqual(
      service.completed.find(({ file_id }) => file_id === 'a.txt')?.parts,
      [1, 2, 3].map((PartNumber) => ({ PartNumber, ETag: `"a.txt-${PartNumber}"` })),
    )
  })

  test('says how many bytes and files have arrived, up to all of them', async () => {
    await using server = await tinyServer(ingestService().answer)
    const seen: UploadProgress[] = []
    await new JobClient({ url: server.url }).uploadFiles(FILES, { onProgress: (progress) => seen.push(progress) })
    assert.deepEqual(seen[0], { sentBytes: 0, totalBytes: 13, sentFiles: 0, totalFiles: 2 })
    assert.deepEqual(seen.at(-1), { sentBytes: 13, totalBytes: 13, sentFiles: 2, totalFiles: 2 })
    assert.ok(seen.every(({ sentBytes }, i) => sentBytes >= (seen[i - 1]?.sentBytes ?? 0)))
  })

  test('never has more parts under way than its bound', async () => {
    let now = 0
    let most = 0
    const service = ingestService()
    await using server = await tinyServer(async (request) => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      now -= 1
      return service.answer(request)
    })
    const files = Array.from({ length: 20 }, (_, i) => ({ name: `${i}.txt`, data: new Blob(['abcdefgh']) }))
    await new JobClient({ url: server.url }).uploadFiles(files, { concurrency: 3 })
    assert.ok(most > 1 && most <= 3, `${most} at once`)
  })

  test('sends a part again after a broken connection', async () => {
    const service = ingestService()
    let broken = 0
    await using server = await tinyServer((request) =>
      request.method === 'PUT' && broken++ === 0 ? { cut: true } : service.answer(request),
    )
    await new JobClient({ url: server.url, retry: { baseMs: 1 } }).uploadFiles(FILES)
    assert.equal(broken, 5)
    assert.deepEqual(service.files(), { 'a.txt': 'abcdefghij', 'b.txt': 'xyz' })
  })

  test('stops at the first part that is refused, and sends nothing after it has rejected', async () => {
    const service = ingestService()
    await using server = await tinyServer((request) =>
      request.method === 'PUT' ? { status: 403, body: 'no' } : service.answer(request),
    )
    const client = new JobClient({ url: server.url })
    const many = Array.from({ length: 50 }, (_, i) => ({ name: `${i}.txt`, data: new Blob(['abcdefgh']) }))
    const failure = await client.uploadFiles(many, { concurrency: 2 }).catch((thrown: unknown) => thrown)
    assert.ok(failure instanceof ApiError && failure.code === 'HTTP_403')
    assert.ok(server.received.length <= 3, `${server.received.length} requests`)
    assert.deepEqual(service.completed, [])
  })

  test('stops with the reason of its signal', async () => {
    const stop = new AbortController()
    const service = ingestService()
    await using server = await tinyServer((request) => {
      if (request.method === 'PUT') stop.abort(new Error('changed my mind'))
      return service.answer(request)
    })
    const uploading = new JobClient({ url: server.url }).uploadFiles(FILES, { signal: stop.signal })
    await assert.rejects(uploading, /changed my mind/)
    assert.deepEqual(service.completed, [])
  })

  test('takes files from disk, and keys go to the service but not with part URLs', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'c.bin')
    await writeFile(path, 'from disk')
    const service = ingestService()
    await using server = await tinyServer(service.answer)
    const client = new JobClient({ url: server.url, apiKey: 'a-key-of-16-chars' })
    await client.uploadFiles([await fileAt(path), await fileAt(path, 'd.bin')])
    assert.deepEqual(service.files(), { 'c.bin': 'from disk', 'd.bin': 'from disk' })
    for (const { method, headers } of server.received) assert.equal('authorization' in headers, method !== 'PUT')
  })
})

/** As much of the ingest as an upload sees. */
function ingestService() {
  const started: z.infer<typeof Start>[] = []
  const completed: z.infer<typeof Complete>[] = []
  const parts = new Map<string, string>()
  return {
    started,
    completed,
    files: (): Record<string, string> =>
      Object.fromEntries(
        completed.map(({ file_id, parts: listed }) => [
          file_id,
          listed.map(({ PartNumber }) => parts.get(`/parts/${file_id}/${PartNumber}`)).join(''),
        ]),
      ),
    answer({ method, path, body }: Received): Answer {
      if (method === 'PUT') {
        parts.set(path, body.toString())
        return { headers: { etag: `"${path.split('/').slice(2).join('-')}"` } }
      }
      const json: unknown = JSON.parse(body.toString())
      if (path === '/ingest/start') {
        const start = Start.parse(json)
        started.push(start)
        return { body: { job_id: JOB_ID, expires_at: '2026-01-01T00:00:00.000Z', files: start.files.map(target) } }
      }
      const complete = Complete.parse(json)
      completed.push(complete)
      return { body: { file_id: complete.file_id, s3_key: complete.file_id, etag: '"whole"', status: 'completed' } }
    },
  }
}

function target({ filename, size_bytes }: { filename: string; size_bytes: number }) {
  const count = Math.ceil(size_bytes / PART_BYTES)
  return {
    file_id: filename,
    filename,
    s3_key: `datasets/${JOB_ID}/${filename}`,
    upload_id: `upload-${filename}`,
    part_size_bytes: PART_BYTES,
    part_urls: Array.from({ length: count }, (_, i) => ({ part_number: i + 1, url: `/parts/${filename}/${i + 1}` })),
  }
}
