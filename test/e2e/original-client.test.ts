import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApp } from '../../src/index.ts'
import { FixtureProcessor } from '../support/fixture-processor.ts'
import { tempFolder } from '../support/temp-folder.ts'

/** The part size the original client and service agree on without saying it. */
const PART_SIZE_MB = 5

async function openService() {
  const folder = await tempFolder()
  const app = createApp(new FixtureProcessor(), { settings: { DATA_DIR: folder.path, LOG_LEVEL: 'silent' } })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    base,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

// From here on only what the original's clients know: its paths, its fields, plain HTTP.

type Json = Record<string, unknown>

async function call(
  base: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Json }> {
  const answer = await fetch(base + path, {
    method,
    ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return { status: answer.status, json: (await answer.json()) as Json }
}

async function untilEnded(base: string, jobId: unknown): Promise<Json> {
  for (;;) {
    const { json } = await call(base, 'GET', `/jobs/${jobId}`)
    if (json.status === 'completed' || json.status === 'failed') return json
    assert.ok(json.status === 'queued' || json.status === 'processing', String(json.status))
    await new Promise(setImmediate)
  }
}

interface IngestedFile {
  file_id: string
  filename: string
  s3_key: string
  upload_id: string
  part_urls: { part_number: number; url: string }[]
}

/** Uploads as the original client does: announce, PUT every part, complete every file with the ETags as they came. */
async function ingest(base: string, files: Record<string, Buffer>): Promise<{ jobId: string; keys: string[] }> {
  const announced = Object.entries(files).map(([filename, bytes]) => ({ filename, size_bytes: bytes.length }))
  const started = await call(base, 'POST', '/ingest/start', { files: announced })
  assert.equal(started.status, 200)
  const { job_id, files: uploads } = started.json as { job_id: string; files: IngestedFile[] }
  for (const upload of uploads) {
    const bytes = files[upload.filename] ?? Buffer.alloc(0)
    const size = Math.max(PART_SIZE_MB * 1024 * 1024, Math.ceil(bytes.length / 10_000))
    const parts: { PartNumber: number; ETag: string | null }[] = []
    for (const { part_number, url } of upload.part_urls) {
      const put = await fetch(url, {
        method: 'PUT',
        body: new Uint8Array(bytes.subarray((part_number - 1) * size, part_number * size)),
      })
      assert.equal(put.status, 200)
      parts.push({ PartNumber: part_number, ETag: put.headers.get('ETag') })
    }
    assert.ok(parts.every(({ ETag }) => ETag?.startsWith('"') && ETag.endsWith('"')))
    const { file_id, upload_id } = upload
    const completed = await call(base, 'POST', '/ingest/complete', { job_id, file_id, upload_id, parts })
    assert.equal(completed.status, 200)
    assert.equal(completed.json.file_id, file_id)
    assert.equal(completed.json.s3_key, upload.s3_key)
    assert.equal(completed.json.status, 'completed')
    assert.equal(typeof completed.json.etag, 'string')
  }
  return { jobId: job_id, keys: uploads.map((upload) => upload.s3_key) }
}

test("the original client's whole flow works against the service", async () => {
  await using service = await openService()
  const { base } = service

  const health = await call(base, 'GET', '/health')
  assert.equal(health.json.status, 'healthy')
  assert.equal(typeof health.json.version, 'string')
  assert.deepEqual((await call(base, 'GET', '/')).json, health.json)

  const big = Buffer.alloc(11 * 1024 * 1024, 'longshore ')
  const { jobId, keys } = await ingest(base, { 'big.bin': big, 'small.txt': Buffer.from('hello') })
  assert.equal(keys[0], `datasets/${jobId}/big.bin`)
  const ingested = await untilEnded(base, jobId)
  assert.equal(ingested.status, 'completed', String(ingested.error))
  assert.deepEqual(Object.keys((ingested.result as { digests: object }).digests).sort(), ['big.bin', 'small.txt'])
  for (const field of ['created_at', 'started_at', 'completed_at']) assert.match(String(ingested[field]), /^\d{4}-.*Z$/)
  assert.equal(ingested.error, null)
  assert.equal((ingested.progress as Json).stage, 'completed')

  const uris = keys.map((key) => `s3://longshore/${key}`)
  const inline = await call(base, 'POST', '/jobs', { manifest_inline: { files: uris } })
  assert.equal(inline.status, 202)
  assert.match(String(inline.json.job_id), /^[0-9a-f-]{36}$/)
  assert.ok(['queued', 'processing'].includes(String(inline.json.status)))
  assert.equal((await untilEnded(base, inline.json.job_id)).status, 'completed')

  const manifests = await ingest(base, {
    'manifest.json': Buffer.from(JSON.stringify({ files: uris })),
    'manifest.jsonl': Buffer.from(uris.map((uri) => JSON.stringify({ uri })).join('\n')),
  })
  for (const key of manifests.keys) {
    const byUri = await call(base, 'POST', '/jobs', { manifest_uri: `s3://longshore/${key}` })
    assert.equal(byUri.status, 202)
    const job = await untilEnded(base, byUri.json.job_id)
    assert.equal(job.status, 'completed', String(job.error))
    assert.deepEqual(job.result, ingested.result)
  }

  const missing = await call(base, 'POST', '/jobs', { manifest_uri: 's3://longshore/no/such.json' })
  const failed = await untilEnded(base, missing.json.job_id)
  assert.equal(failed.status, 'failed')
  assert.match(String(failed.error), /s3:\/\/longshore\/no\/such\.json/)

  const list = await fetch(`${base}/jobs?limit=3`)
  const jobs = (await list.json()) as Json[]
  assert.equal(jobs.length, 3)
  assert.equal(jobs[0]?.job_id, missing.json.job_id)

  const unknown = await call(base, 'GET', '/jobs/00000000-0000-0000-0000-000000000000')
  assert.equal(unknown.status, 404)
  assert.equal(typeof unknown.json.detail, 'string')
})
