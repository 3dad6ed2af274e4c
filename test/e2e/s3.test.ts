import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { extract } from 'tar-stream'
import type { Api } from '../support/api.ts'
import { someBytes } from '../support/bytes.ts'
import { IngestClient } from '../support/ingest-client.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { openService } from '../support/service-here.ts'
import { assertFetchedProblem } from '../support/wire.ts'

const MIB = 1024 * 1024

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server[Symbol.asyncDispose]())

/** A test of the whole service on a bucket of its own. */
function s3Test(
  title: string,
  check: (service: Awaited<ReturnType<typeof openService>>, bucket: Bucket) => Promise<void>,
  settings: (server: S3Server) => Promise<Record<string, string>> = async () => ({}),
): void {
  test(title, async (context) => {
    if (server.name === 'fauxqs') return context.skip('fauxqs lists no parts, so no ingest can be completed')
    const bucket = new Bucket(server)
    await using service = await openService({ ...s3Settings(server, bucket), ...(await settings(server)) })
    await check(service, bucket)
  })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface Output {
  uri: string
  url: string
  sha256: string
  size_bytes: number
  media_type: string
}

/** Every output by its last name, fetched as anyone may who has the URL. */
async function outputsOf(api: Api, jobId: string): Promise<Map<string, Buffer>> {
  const { outputs } = await api.get<{ outputs: Output[] }>(`/jobs/${jobId}/outputs`)
  const fetched = new Map<string, Buffer>()
  for (const output of outputs) {
    assert.ok(output.url.startsWith(server.endpoint), output.url)
    const answer = await fetch(output.url)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), output.media_type)
    const bytes = Buffer.from(await answer.arrayBuffer())
    assert.equal(bytes.length, output.size_bytes)
    assert.equal(sha256(bytes), output.sha256)
    fetched.set(output.uri.slice(output.uri.lastIndexOf('/') + 1), bytes)
  }
  return fetched
}

s3Test(
  'files go straight to S3 in parts, become a job, and its outputs come straight back',
  async ({ api }, bucket) => {
    const contents = { 'big file ä.bin': someBytes(11 * MIB), 'small.txt': Buffer.from('hello') }
    const ingest = await IngestClient.start(api, contents, {}, { parameters: { records: 3 } })
    const big = ingest.file('big file ä.bin')
    assert.equal(big.part_urls.length, 3)
    for (const { url } of big.part_urls) assert.ok(url.startsWith(server.endpoint), url)
    for (const file of ingest.files) {
      const completed = await ingest.completed(file, await ingest.putAll(file))
      assert.deepEqual(completed, { ...completed, file_id: file.file_id, s3_key: file.s3_key, status: 'completed' })
    }
    const job = await api.ended(ingest.jobId)
    assert.equal(job.status, 'completed', job.error ?? '')
    assert.deepEqual(job.result?.digests, {
      'big file ä.bin': sha256(contents['big file ä.bin']),
      'small.txt': sha256(contents['small.txt']),
    })
    const outputs = await outputsOf(api, ingest.jobId)
    assert.deepEqual([...outputs.keys()].sort(), [
      'artifacts_00000.json',
      'artifacts_00000.tar',
      'responses_00000.jsonl',
      'results.json',
    ])
    assert.equal(outputs.get('responses_00000.jsonl')?.toString().trim().split('\n').length, 3)
    assert.deepEqual(await bucket.uploads(), [])
  },
)

s3Test('an upload is resumed from what the service says was received, with fresh URLs', async ({ api }) => {
  const contents = { 'a.bin': someBytes(16 * MIB, 7) }
  const ingest = await IngestClient.start(api, contents)
  const file = ingest.file('a.bin')
  await ingest.put(file, 3)
  await ingest.put(file, 1)
  const state = await api.get<{ files: { parts: { part_number: number; etag: string; size_bytes: number }[] }[] }>(
    `/ingest/${ingest.jobId}`,
  )
  const received = state.files[0]?.parts ?? []
  assert.deepEqual(
    received.map(({ part_number, size_bytes }) => [part_number, size_bytes]),
    [
      [1, 5 * MIB],
      [3, 5 * MIB],
    ],
  )
  const renewed = await api.post(`/ingest/${ingest.jobId}/files/${file.file_id}/parts`, { part_numbers: [2, 4] })
  assert.equal(renewed.status, 200)
  const { part_urls: fresh } = (await renewed.json()) as { part_urls: { part_number: number; url: string }[] }
  const parts = received.map(({ part_number, etag }) => ({ PartNumber: part_number, ETag: etag }))
  for (const { part_number, url } of fresh) parts.push(await ingest.put(file, part_number, url))
  parts.sort((a, b) => a.PartNumber - b.PartNumber)
  await ingest.completed(file, parts)
  await ingest.completed(file, parts)
  const job = await api.ended(ingest.jobId)
  assert.deepEqual(job.result?.digests, { 'a.bin': sha256(contents['a.bin']) })
})

s3Test('parts that do not make up the file are refused, and nothing received is lost', async ({ api }, bucket) => {
  const ingest = await IngestClient.start(api, { 'a.bin': someBytes(11 * MIB) })
  const file = ingest.file('a.bin')
  const parts = await ingest.putAll(file)
  const missing = await assertFetchedProblem(await ingest.complete(file, parts.slice(0, 2)), 'PARTS_MISMATCH')
  assert.match(missing.detail, /3 parts/)
  const wrong = parts.map((part) => (part.PartNumber === 2 ? { ...part, ETag: '"0123456789abcdef"' } : part))
  await assertFetchedProblem(await ingest.complete(file, wrong), 'PARTS_MISMATCH')
  await assertFetchedProblem(await ingest.complete(file, parts.toReversed()), 'PARTS_MISMATCH')
  await assertFetchedProblem(await ingest.complete({ ...file, upload_id: 'other' }, parts), 'UPLOAD_NOT_FOUND')
  assert.deepEqual(await bucket.keys(), [])
  await ingest.completed(file, parts)
  assert.equal((await api.ended(ingest.jobId)).status, 'completed')
})

s3Test('an aborted ingest leaves no upload and no object', async ({ api }, bucket) => {
  const ingest = await IngestClient.start(api, { 'a.bin': someBytes(6 * MIB), 'b.txt': Buffer.from('b') })
  const [open, done] = [ingest.file('a.bin'), ingest.file('b.txt')]
  await ingest.completed(done, await ingest.putAll(done))
  await ingest.put(open, 1)
  assert.deepEqual(await bucket.uploads(), [open.s3_key])
  assert.deepEqual(await bucket.keys(), [done.s3_key])
  assert.equal((await api.post(`/ingest/${ingest.jobId}/abort`)).status, 204)
  assert.deepEqual([await bucket.uploads(), await bucket.keys()], [[], []])
})

s3Test('a wrong digest ends the ingest and leaves nothing', async ({ api }, bucket) => {
  const digest = { sha256: sha256(Buffer.from('something else')) }
  const ingest = await IngestClient.start(api, { 'a.bin': someBytes(6 * MIB) }, digest)
  const file = ingest.file('a.bin')
  await assertFetchedProblem(await ingest.complete(file, await ingest.putAll(file)), 'DIGEST_MISMATCH')
  assert.deepEqual([await bucket.uploads(), await bucket.keys()], [[], []])
})

s3Test(
  'a form streams to S3, the manifests lie there, and a job is deleted with all it has',
  async ({ api }, bucket) => {
    const bytes = new Uint8Array(someBytes(20 * MIB, 5))
    const formed = await api.upload({ 'big.bin': bytes, 'b.txt': 'b' }, { parameters: { records: 1 } })
    const job = await api.ended(formed)
    assert.equal(job.result?.digests['big.bin'], sha256(bytes), job.error ?? '')
    const uris = [`s3://${bucket.name}/datasets/${formed}/b.txt`, `s3://${bucket.name}/datasets/${formed}/big.bin`]
    const manifests = [
      await bucket.put('m/list.json', JSON.stringify({ files: uris })),
      await bucket.put('m/list.jsonl', uris.map((uri) => JSON.stringify({ uri })).join('\n')),
    ]
    for (const manifest_uri of manifests) {
      const answer = await api.post('/jobs', { manifest_uri })
      assert.equal(answer.status, 202)
      const { job_id } = (await answer.json()) as { job_id: string }
      assert.deepEqual((await api.ended(job_id)).result?.digests, job.result?.digests)
    }
    assert.ok((await bucket.keys(`results/${formed}/`)).length > 0)
    assert.equal((await fetch(`${api.url}/jobs/${formed}`, { method: 'DELETE' })).status, 204)
    assert.deepEqual(await bucket.keys('results/'), [])
    assert.deepEqual(await bucket.keys(), ['m/list.json', 'm/list.jsonl'])
  },
)

let second: Bucket
s3Test(
  'inputs come from a further bucket that is allowed, and from no other',
  async ({ api }, bucket) => {
    const readable = await second.put('x/a.txt', 'from elsewhere')
    const job = await api.ended(await api.submit([readable], { parameters: { records: 1 } }))
    assert.deepEqual(job.result?.digests, { 'a.txt': sha256(Buffer.from('from elsewhere')) }, job.error ?? '')
    assert.deepEqual(await second.keys(), ['x/a.txt'])
    assert.equal((await bucket.keys(`results/${job.job_id}/`)).length, 4)
    const forbidden = await (await new Bucket(server).make()).put('a.txt', 'not for us')
    const refused = await api.post('/jobs', { manifest_inline: { files: [forbidden] } })
    const { detail } = await assertFetchedProblem(refused, 'BUCKET_NOT_ALLOWED')
    assert.ok(detail.includes(forbidden))
    const byUri = await api.post('/jobs', { manifest_uri: await bucket.put('m.jsonl', forbidden) })
    const { job_id } = (await byUri.json()) as { job_id: string }
    const failed = await api.ended(job_id)
    assert.deepEqual([failed.status, failed.attempt, failed.errors[0]?.code], ['failed', 1, 'BUCKET_NOT_ALLOWED'])
    assert.ok(failed.error?.includes(forbidden))
  },
  async () => {
    second = await new Bucket(server).make()
    return { S3_ALLOWED_BUCKETS: second.name }
  },
)

s3Test('a missing input or manifest fails the job at once and is named', async ({ api }, bucket) => {
  const uri = `s3://${bucket.name}/no/such.bin`
  const missing = await api.ended(await api.submit([uri]))
  assert.deepEqual([missing.status, missing.attempt, missing.errors[0]?.code], ['failed', 1, 'INPUT_NOT_FOUND'])
  assert.ok(missing.error?.includes(uri))
  const answer = await api.post('/jobs', { manifest_uri: uri })
  const unread = await api.ended(((await answer.json()) as { job_id: string }).job_id)
  assert.deepEqual([unread.status, unread.attempt, unread.errors[0]?.code], ['failed', 1, 'MANIFEST_NOT_FOUND'])
})

s3Test('outputs of many parts are whole, and those of failed attempts are removed', async ({ api }, bucket) => {
  const id = await api.upload(
    { 'a.txt': 'a' },
    { parameters: { recordKiB: 64, records: 400, failAfterOutputsUntil: 3 } },
  )
  const job = await api.ended(id)
  assert.deepEqual([job.status, job.attempt], ['completed', 3], job.error ?? '')
  const outputs = await outputsOf(api, id)
  const keys = await bucket.keys(`results/${id}/`)
  assert.equal(keys.length, outputs.size)
  assert.ok(
    keys.every((key) => key.startsWith(`results/${id}/attempt-3/`)),
    keys.join(),
  )
  assert.deepEqual(await bucket.uploads(), [])
  const rows = outputs.get('responses_00000.jsonl')?.toString().trimEnd().split('\n') ?? []
  assert.deepEqual(
    rows.map((row) => JSON.parse(row).i),
    Array.from({ length: 400 }, (_, i) => i),
  )
  await assertIndexed(outputs.get('artifacts_00000.tar'), outputs.get('artifacts_00000.json'), 400)
  assert.deepEqual(JSON.parse(String(outputs.get('results.json'))).metrics, { records: 400 })
})

/** Every item lies where the index says, and the tar has no other. */
async function assertIndexed(tar: Buffer | undefined, index: Buffer | undefined, count: number): Promise<void> {
  assert.ok(tar && index && tar.length > 16 * MIB)
  const { items } = JSON.parse(String(index)) as { items: { name: string; size_bytes: number; offset: number }[] }
  assert.equal(items.length, count)
  const byName = new Map(items.map((item) => [item.name, item]))
  const entries = Readable.from([tar]).pipe(extract())
  for await (const entry of entries) {
    const item = byName.get(entry.header.name)
    assert.ok(item, entry.header.name)
    const bytes = await buffer(entry)
    assert.ok(bytes.equals(tar.subarray(item.offset, item.offset + item.size_bytes)))
    byName.delete(entry.header.name)
  }
  assert.equal(byName.size, 0)
}
