import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { createS3Client } from '../../src/storage/s3-client.ts'
import { S3Store } from '../../src/storage/s3-store.ts'
import { objectStoreConformance, type StoreUnderTest } from '../conformance/object-store.ts'
import { readAll, someBytes, standingStream } from '../support/bytes.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'
import { EXCUSED } from './s3-excused.ts'

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server[Symbol.asyncDispose]())

objectStoreConformance(
  'the S3 store',
  async (): Promise<StoreUnderTest> => {
    const bucket = `test-${randomUUID()}`
    const store = new S3Store({ ...server, forcePathStyle: true, bucket })
    await store.start()
    return { store, bucket, absolute: (url) => url, [Symbol.asyncDispose]: () => store.stop() }
  },
  () => EXCUSED[server.name],
)

const ACCESS = {
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
  bucket: 'bucket',
}
const REF = { bucket: 'bucket', key: 'key' }

/** A server that answers every request with these statuses in turn, the last one for ever. */
async function answering(
  answers: { status: number; body?: string }[],
): Promise<{ store: S3Store; endpoint: string } & AsyncDisposable> {
  let turn = 0
  const http: Server = createServer((request, response) => {
    const answer = answers[Math.min(turn, answers.length - 1)]
    turn += 1
    request.resume()
    response.writeHead(answer?.status ?? 500, { 'content-type': 'application/xml' }).end(answer?.body)
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const address = http.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const endpoint = `http://127.0.0.1:${port}`
  const store = new S3Store({ ...ACCESS, endpoint })
  const dispose = async (): Promise<void> => {
    await store.stop()
    http.closeAllConnections()
    http.close()
    await once(http, 'close')
  }
  return { store, endpoint, [Symbol.asyncDispose]: dispose }
}

function errorBody(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as it said</Message></Error>`
}

test('what a server refuses is put into words and codes of the store', async () => {
  const cases: [status: number, code: string, expected: object][] = [
    [404, 'NoSuchKey', { code: 'OBJECT_NOT_FOUND' }],
    [404, 'NoSuchBucket', { code: 'OBJECT_NOT_FOUND', message: /no bucket/ }],
    [403, 'AccessDenied', { code: 'STORE_UNAVAILABLE', retryable: false, message: /refused access.*S3_ACCESS_KEY/s }],
    [403, 'SignatureDoesNotMatch', { code: 'STORE_UNAVAILABLE', retryable: false, message: /S3_SECRET_KEY/ }],
    [507, 'XMinioStorageFull', { code: 'STORAGE_FULL', retryable: true }],
    [400, 'InsufficientStorage', { code: 'STORAGE_FULL' }],
    [400, 'SomethingElse', { code: 'STORE_UNAVAILABLE', retryable: false, message: /SomethingElse, as it said/ }],
  ]
  for (const [status, code, expected] of cases) {
    await using server = await answering([{ status, body: errorBody(code) }])
    await assert.rejects(server.store.get(REF), expected)
    if (status !== 404) await assert.rejects(server.store.put(REF, Buffer.from('x')), expected)
  }
})

test('a stream whose parts the server dropped can be sent again', async () => {
  await using server = await answering([
    { status: 200, body: '<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>' },
    { status: 404, body: errorBody('NoSuchUpload') },
  ])
  const stream = Readable.from([someBytes(9 * 1024 * 1024)])
  const expected = { code: 'STORE_UNAVAILABLE', retryable: true, message: /s3:\/\/bucket\/key.*Send it again/ }
  await assert.rejects(server.store.put(REF, stream), expected)
})

test('a read that a busy server turned away is tried again', async () => {
  await using server = await answering([
    { status: 503, body: errorBody('SlowDown') },
    { status: 200, body: 'bytes' },
  ])
  assert.equal(String(await readAll((await server.store.get(REF)).body)), 'bytes')
})

test('frozen settings, as the configuration is, are left as they are', async () => {
  await using server = await answering([{ status: 200, body: 'bytes' }])
  const { endpoint } = server
  const store = new S3Store({ ...ACCESS, credentials: Object.freeze({ ...ACCESS.credentials }), endpoint })
  assert.equal(String(await readAll((await store.get(REF)).body)), 'bytes')
  await store.stop()
})

test('a server that cannot be reached is named at start', async () => {
  const { store, [Symbol.asyncDispose]: close } = await answering([{ status: 200 }])
  await close()
  await assert.rejects(store.start(), { code: 'STORE_UNAVAILABLE', message: /127\.0\.0\.1.*S3_ENDPOINT_URL/s })
})

test('wrong credentials are named at start', async (context) => {
  if (server.name === 'fauxqs') return context.skip('fauxqs checks no signature')
  const credentials = { ...server.credentials, secretAccessKey: 'wrong' }
  const store = new S3Store({ ...server, forcePathStyle: true, credentials, bucket: 'anything' })
  await assert.rejects(store.start(), { code: 'STORE_UNAVAILABLE', retryable: false, message: /S3_SECRET_KEY/ })
  await store.stop()
})

test('a put that is aborted leaves no parts with the server', async (context) => {
  if (server.name === 'fauxqs') return context.skip('fauxqs has no ListMultipartUploads')
  const bucket = `test-${randomUUID()}`
  const store = new S3Store({ ...server, forcePathStyle: true, bucket })
  await store.start()
  const abort = new AbortController()
  let putting: Promise<unknown> = Promise.resolve()
  const body = await standingStream(someBytes(20 * 1024 * 1024), (stream) => {
    putting = store.put({ bucket, key: 'large' }, stream, { signal: abort.signal })
    putting.catch(() => {})
  })
  abort.abort(new Error('enough'))
  await assert.rejects(putting, /enough/)
  body.destroy()
  const client = createS3Client({ ...server, forcePathStyle: true })
  const { Uploads: uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  assert.deepEqual(uploads, [])
  client.destroy()
  await store.stop()
})

test('URLs for clients are signed for the address under which clients reach the store', async () => {
  const url = new URL(server.endpoint)
  url.hostname = 'localhost'
  const bucket = `test-${randomUUID()}`
  const store = new S3Store({ ...server, forcePathStyle: true, bucket, publicEndpoint: url.origin })
  await store.start()
  const ref = { bucket, key: 'a' }
  await store.put(ref, Buffer.from('hello'))
  const signed = await store.signGet(ref, Date.now() + 60_000)
  assert.equal(new URL(signed).host, url.host)
  assert.equal(await (await fetch(signed)).text(), 'hello')
  const elsewhere = signed.replace('//localhost', '//127.0.0.1')
  if (server.name !== 'fauxqs') assert.equal((await fetch(elsewhere)).status, 403, 'the signature holds for one host')
  await store.stop()
})
