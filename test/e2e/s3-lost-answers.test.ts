import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Api } from '../support/api.ts'
import { someBytes } from '../support/bytes.ts'
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts'
import { IngestClient } from '../support/ingest-client.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { openService } from '../support/service-here.ts'

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server[Symbol.asyncDispose]())

interface Subject {
  api: Api
  /** Between the service and its store. */
  way: CuttingProxy
  bucket: Bucket
}

/** How the requests that open an upload and complete it are told from others. */
const OPENS_UPLOAD = '?uploads'
const COMPLETES_UPLOAD = '?uploadId='

/** A test of a service that an answer of its store does not reach, so that it asks again. */
function lostAnswerTest(title: string, check: (subject: Subject) => Promise<void>): void {
  test(title, async (context) => {
    if (server.name === 'fauxqs') return context.skip('fauxqs lists no parts, so no ingest can be completed')
    const { hostname, port } = new URL(server.endpoint)
    await using way = await cuttingProxy(hostname, Number(port))
    const bucket = new Bucket(server)
    await using service = await openService(s3Settings(server, bucket, `http://127.0.0.1:${way.port}`))
    await check({ api: service.api, way, bucket })
  })
}

/** Starts an ingest of one file, whose upload is opened twice. */
async function startedTwice({ api, way, bucket }: Subject, options = {}): Promise<IngestClient> {
  const [ingest] = await Promise.all([
    IngestClient.start(api, { 'a.bin': someBytes(1000) }, {}, options),
    way.loseAnswerTo(OPENS_UPLOAD),
  ])
  const { s3_key: key } = ingest.file('a.bin')
  assert.deepEqual(await bucket.uploads(), [key, key])
  return ingest
}

lostAnswerTest('a job takes with it the upload that was opened twice', async (subject) => {
  const { api, bucket } = subject
  const ingest = await startedTwice(subject)
  const file = ingest.file('a.bin')
  await ingest.completed(file, await ingest.putAll(file))
  assert.equal((await api.ended(ingest.jobId)).status, 'completed')
  assert.equal((await fetch(`${api.url}/jobs/${ingest.jobId}`, { method: 'DELETE' })).status, 204)
  assert.deepEqual([await bucket.uploads(), await bucket.keys()], [[], []])
})

lostAnswerTest('an ingest that is aborted takes with it the upload that was opened twice', async (subject) => {
  const { api, bucket } = subject
  const { jobId } = await startedTwice(subject)
  const answer = await api.post(`/ingest/${jobId}/abort`)
  assert.equal(answer.status, 204, await answer.text())
  assert.deepEqual(await bucket.uploads(), [])
})

lostAnswerTest('a form that was sent before leaves no upload that was opened twice', async ({ api, way, bucket }) => {
  const send = async (): Promise<Response> => {
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(someBytes(9 * 1024 * 1024))]), 'a.bin')
    return fetch(`${api.url}/ingest/upload`, { method: 'POST', body: form, headers: { 'idempotency-key': 'once' } })
  }
  const first = await send()
  assert.equal(first.status, 202, await first.clone().text())
  const [again] = await Promise.all([send(), way.loseAnswerTo(OPENS_UPLOAD)])
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.deepEqual(await bucket.uploads(), [])
})

lostAnswerTest('a file whose completion went unanswered is there all the same', async ({ api, way, bucket }) => {
  const big = new Uint8Array(someBytes(9 * 1024 * 1024))
  const [id] = await Promise.all([api.upload({ 'a.bin': big }), way.loseAnswerTo(COMPLETES_UPLOAD)])
  const job = await api.ended(id)
  assert.deepEqual([job.status, job.attempt, job.error], ['completed', 1, null])
  assert.deepEqual(await bucket.keys(), [`datasets/${id}/a.bin`])
})

lostAnswerTest('an output whose completion went unanswered is there all the same', async ({ api, way }) => {
  const [id] = await Promise.all([
    api.upload({ 'a.txt': 'a' }, { parameters: { bulkMiB: 9 } }),
    way.loseAnswerTo(COMPLETES_UPLOAD),
  ])
  const job = await api.ended(id)
  assert.deepEqual([job.status, job.attempt, job.error], ['completed', 1, null])
})
