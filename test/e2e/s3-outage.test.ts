import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Api } from '../support/api.ts'
import { someBytes } from '../support/bytes.ts'
import { type Gate, openGate } from '../support/gate.ts'
import { IngestClient } from '../support/ingest-client.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { openService } from '../support/service-here.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { assertFetchedProblem } from '../support/wire.ts'

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server[Symbol.asyncDispose]())

interface Subject {
  api: Api
  gate: Gate
  bucket: Bucket
}

/** A test of the service with a gate before its store. */
function outageTest(title: string, check: (subject: Subject) => Promise<void>, settings = {}): void {
  test(title, async (context) => {
    if (server.name === 'fauxqs') return context.skip('fauxqs lists no parts, so no ingest can be completed')
    await using gate = await openGate(server.endpoint)
    const bucket = new Bucket(server)
    await using service = await openService({ ...s3Settings(server, bucket, gate.endpoint), ...settings })
    await check({ api: service.api, gate, bucket })
  })
}

async function readiness(api: Api): Promise<{ status: number; reasons: string[] }> {
  const answer = await fetch(`${api.url}/readyz`)
  const { reasons } = (await answer.json()) as { reasons: string[] }
  return { status: answer.status, reasons }
}

outageTest('readiness says that the store is away, and that it is back', async ({ api, gate }) => {
  assert.equal((await readiness(api)).status, 200)
  await gate.shut()
  const { status, reasons } = await readiness(api)
  assert.equal(status, 503)
  assert.equal(reasons.length, 1)
  assert.match(reasons[0] ?? '', /object store.*ECONNREFUSED/)
  assert.equal((await fetch(`${api.url}/health`)).status, 200)
  await gate.open()
  assert.deepEqual(await readiness(api), { status: 200, reasons: [] })
})

outageTest(
  'what needs the store says so and can be repeated; what does not is served',
  async ({ api, gate, bucket }) => {
    const ingest = await IngestClient.start(api, { 'a.bin': someBytes(6 * 1024 * 1024) })
    const file = ingest.file('a.bin')
    const parts = await ingest.putAll(file)
    const { jobId: dropped } = await IngestClient.start(api, { 'd.bin': Buffer.from('d') })
    await gate.shut()
    const calls: (() => Promise<Response>)[] = [
      () => api.post('/ingest/start', { files: [{ filename: 'b', size_bytes: 1 }] }),
      () => ingest.complete(file, parts),
      () => fetch(`${api.url}/ingest/${ingest.jobId}`),
      () => api.post(`/ingest/${dropped}/abort`),
      () => fetch(`${api.url}/ingest/upload`, { method: 'POST', body: form({ 'c.txt': 'c' }) }),
    ]
    for (const call of calls) {
      const problem = await assertFetchedProblem(await call(), 'STORE_UNAVAILABLE')
      assert.equal(problem.retryable, true)
      assert.match(problem.detail, /ECONNREFUSED/)
    }
    const submitted = await api.submit([`s3://${bucket.name}/${file.s3_key}`], { delay_seconds: 3600 })
    assert.equal((await api.job(submitted)).status, 'queued')
    await gate.open()
    assert.equal((await api.post(`/ingest/${dropped}/abort`)).status, 204)
    await ingest.completed(file, parts)
    assert.equal((await api.ended(ingest.jobId)).status, 'completed')
    assert.deepEqual(await bucket.uploads(), [])
  },
)

function form(files: Record<string, string>): FormData {
  const body = new FormData()
  for (const [name, text] of Object.entries(files)) body.append('file', new Blob([text]), name)
  return body
}

outageTest(
  'a job that an outage catches at its outputs or its inputs is tried again, not lost',
  async ({ api, gate }) => {
    const id = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 200, records: 3 }, max_attempts: 20 })
    await api.until(id, (job) => job.progress?.stage === 'processing')
    await gate.shut()
    const second = await api.until(id, (job) => job.attempt === 2)
    assert.deepEqual(
      second.errors.map(({ code }) => code),
      ['STORE_UNAVAILABLE'],
    )
    await gate.open()
    const job = await api.ended(id)
    assert.equal(job.status, 'completed', job.error ?? '')
  },
)

outageTest('a connection that breaks amid a long input costs no attempt', async ({ api, gate, bucket }) => {
  const uri = await bucket.put('big.bin', someBytes(64 * 1024 * 1024))
  const id = await api.submit([uri])
  await api.until(id, (job) => job.status === 'processing')
  await gate.shut()
  await gate.open()
  const job = await api.ended(id)
  assert.deepEqual([job.status, job.attempt], ['completed', 1], job.error ?? '')
})

/** What a service says that does not start; it must have ended by itself, with 1. */
async function failedStart(settings: Record<string, string>): Promise<string> {
  await using folder = await tempFolder()
  const starting = startService({ DATA_DIR: folder.path, ...settings })
  const failure = await starting.then(
    () => assert.fail('it started'),
    (thrown: Error) => thrown.message,
  )
  assert.match(failure, /ended \(1\)/)
  assert.doesNotMatch(failure, /^\s+at |node_modules|\.ts:/m, 'a stack trace')
  return failure
}

test('a service that cannot reach its store ends with 1, says why, and tells no secret', async (context) => {
  if (server.name === 'fauxqs') return context.skip('fauxqs checks no signature')
  const bucket = new Bucket(server)
  const good = s3Settings(server, bucket)
  const cases: [settings: Record<string, string>, expected: RegExp][] = [
    [{ S3_SECRET_KEY: 'quite-the-wrong-secret' }, /refused access to the bucket.*S3_ACCESS_KEY, S3_SECRET_KEY/],
    [{ S3_ACCESS_KEY: 'nobody-we-know' }, /bucket.*S3_ACCESS_KEY/],
    [{ S3_ENDPOINT_URL: 'http://127.0.0.1:9' }, /127\.0\.0\.1:9 cannot be reached: .*ECONNREFUSED.*S3_ENDPOINT_URL/],
    [{ S3_ENDPOINT_URL: 'http://no-such-host.invalid' }, /no-such-host\.invalid cannot be reached.*S3_ENDPOINT_URL/],
    [{ S3_ENDPOINT_URL: server.endpoint.replace('http:', 'https:') }, /cannot be reached.*S3_ENDPOINT_URL/],
  ]
  for (const [settings, expected] of cases) {
    const said = await failedStart({ ...good, ...settings })
    assert.match(said, expected)
    for (const secret of [good.S3_SECRET_KEY, settings.S3_SECRET_KEY]) {
      if (secret !== undefined) assert.ok(!said.includes(secret), said)
    }
  }
})
