import assert from 'node:assert/strict'
import { request } from 'node:http'
import { PassThrough } from 'node:stream'
import { after, before, type TestContext, test } from 'node:test'
import { Api } from '../support/api.ts'
import { someBytes } from '../support/bytes.ts'
import { type ClientPart, IngestClient } from '../support/ingest-client.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { openService } from '../support/service-here.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server[Symbol.asyncDispose]())

function excused(context: TestContext): boolean {
  if (server.name !== 'fauxqs') return false
  context.skip('fauxqs lists no parts, so no ingest can be completed')
  return true
}

const CONTENTS = { 'a.bin': someBytes(6 * 1024 * 1024), 'b.txt': Buffer.from('b') }

/** An ingest with every part received. */
async function received(api: Api): Promise<{ ingest: IngestClient; parts: ClientPart[][] }> {
  const ingest = await IngestClient.start(api, CONTENTS, {}, { parameters: { records: 1 } })
  const parts: ClientPart[][] = []
  for (const file of ingest.files) parts.push(await ingest.putAll(file))
  return { ingest, parts }
}

function completeAll(ingest: IngestClient, parts: ClientPart[][], base?: string) {
  return Promise.all(ingest.files.map((file, i) => ingest.completed(file, parts[i] ?? [], base)))
}

async function assertOneJob(api: Api, jobId: string): Promise<void> {
  const job = await api.ended(jobId)
  assert.equal(job.status, 'completed', job.error ?? '')
  const events = (await api.events(jobId)).map(({ event }) => event)
  assert.equal(events.filter((event) => event === 'job.completed').length, 1)
}

test('killed while an ingest completes, the service makes exactly one job of it when asked again', async (context) => {
  if (excused(context)) return
  await using folder = await tempFolder()
  const bucket = new Bucket(server)
  const settings = { DATA_DIR: folder.path, ...s3Settings(server, bucket), RETRY_BASE_SECONDS: '0', MAX_ATTEMPTS: '50' }
  let service = await startService(settings)
  try {
    const ids: string[] = []
    for (const turns of [0, 1, 2, 3, 5, 8]) {
      const { ingest, parts } = await received(new Api(service.url))
      const completing = completeAll(ingest, parts).catch(() => {})
      for (let turn = 0; turn < turns; turn++) await fetch(`${service.url}/healthz`)
      await service.kill('SIGKILL')
      await completing
      service = await startService(settings)
      await completeAll(ingest, parts, service.url)
      await completeAll(ingest, parts, service.url)
      await assertOneJob(new Api(service.url), ingest.jobId)
      ids.unshift(ingest.jobId)
    }
    const listed = await new Api(service.url).get<{ job_id: string }[]>('/jobs?limit=100')
    assert.deepEqual(
      listed.map(({ job_id }) => job_id),
      ids,
    )
    assert.deepEqual(await bucket.uploads(), [])
  } finally {
    await service.kill('SIGKILL')
  }
})

test('an object that was made just before a crash is found when completing is repeated', async (context) => {
  if (excused(context)) return
  const bucket = new Bucket(server)
  await using service = await openService(s3Settings(server, bucket))
  const { ingest, parts } = await received(service.api)
  const file = ingest.file('a.bin')
  await bucket.complete(file.s3_key, file.upload_id, parts[0] ?? [])
  await completeAll(ingest, parts)
  await assertOneJob(service.api, ingest.jobId)
})

test('a form that a crash cut off between its parts leaves none with the server', async (context) => {
  if (excused(context)) return
  await using folder = await tempFolder()
  const bucket = new Bucket(server)
  const settings = { DATA_DIR: folder.path, ...s3Settings(server, bucket) }
  const service = await startService(settings)
  const body = new PassThrough()
  const head = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const sending = request(`${service.url}/ingest/upload`, { method: 'POST', headers }).on('error', () => {})
  body.pipe(sending)
  body.write(head)
  body.write(someBytes(20 * 1024 * 1024))
  while ((await bucket.uploads()).length === 0);
  await service.kill('SIGKILL')
  await (await startService(settings)).kill('SIGKILL')
  assert.deepEqual([await bucket.uploads(), await bucket.keys()], [[], []])
})

test('an output that a crash cut off between its parts goes with its job', async (context) => {
  if (excused(context)) return
  await using folder = await tempFolder()
  const bucket = new Bucket(server)
  const settings = { DATA_DIR: folder.path, ...s3Settings(server, bucket), RETRY_BASE_SECONDS: '0' }
  const first = await startService(settings)
  const id = await new Api(first.url).upload({ 'a.txt': 'a' }, { parameters: { bulkMiB: 200 } })
  while ((await bucket.uploads()).length === 0);
  await first.kill('SIGKILL')
  await using second = await startService(settings)
  const api = new Api(second.url)
  const job = await api.ended(id)
  assert.deepEqual([job.status, job.attempt], ['completed', 2], job.error ?? '')
  assert.deepEqual(await bucket.keys('results/'), [`results/${id}/attempt-2/bulk.bin`])
  assert.equal((await bucket.uploads()).length, 1)
  assert.equal((await fetch(`${api.url}/jobs/${id}`, { method: 'DELETE' })).status, 204)
  assert.deepEqual([await bucket.uploads(), await bucket.keys()], [[], []])
})
