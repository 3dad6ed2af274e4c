import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { checkS3 } from '../../../src/cli/doctor/s3-store.ts'
import { parseConfig } from '../../../src/config.ts'
import { cuttingProxy } from '../../support/cutting-proxy.ts'
import { openDenyingProxy } from '../../support/denying-proxy.ts'
import { openGate } from '../../support/gate.ts'
import { type S3Server, startS3Server } from '../../support/s3-server.ts'
import { Bucket, s3Settings } from '../../support/s3-service.ts'

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server[Symbol.asyncDispose]())

/** Examines a bucket with these settings changed. */
async function examine(bucket: Bucket, endpoint = server.endpoint, changed: Record<string, string> = {}) {
  const config = parseConfig({ ...s3Settings(server, bucket, endpoint), ...changed })
  assert.ok(config.storage.kind === 's3')
  return checkS3(config.storage, config)
}

function skipsFauxqs(context: TestContext): boolean {
  if (server.name === 'fauxqs') context.skip('fauxqs lists no parts')
  return server.name === 'fauxqs'
}

test('a bucket that lets the service do all of its work is fine, and left as it was', async (context) => {
  if (skipsFauxqs(context)) return
  const bucket = await new Bucket(server).make()
  assert.deepEqual(await examine(bucket), [
    {
      check: 'store',
      verdict: 'ok',
      message: `the bucket ${bucket.name} at ${server.endpoint} takes, gives and removes objects and multipart uploads`,
    },
  ])
  assert.deepEqual([await bucket.keys(), await bucket.uploads()], [[], []])
})

test('an upload that was opened twice, because an answer was lost, is not left either', async (context) => {
  if (skipsFauxqs(context)) return
  const bucket = await new Bucket(server).make()
  const { hostname, port } = new URL(server.endpoint)
  await using way = await cuttingProxy(hostname, Number(port))
  const [[finding]] = await Promise.all([examine(bucket, `http://127.0.0.1:${way.port}`), way.loseAnswerTo('?uploads')])
  assert.equal(finding?.verdict, 'ok')
  assert.deepEqual(await bucket.uploads(), [])
})

/** What a policy may lack: which requests it then refuses. */
const PERMISSIONS: Readonly<Record<string, (method: string, url: string) => boolean>> = {
  's3:ListBucket': (method, url) => method === 'GET' && url.includes('list-type=2'),
  's3:GetObject': (method, url) => method === 'GET' && /\/results\/[^?]*(\?x-id=GetObject)?$/.test(url),
  's3:DeleteObject': (method, url) => method === 'POST' && url.includes('?delete'),
  's3:PutObject (multipart)': (method, url) => method === 'POST' && url.includes('?uploads'),
  's3:ListMultipartUploadParts': (method, url) => method === 'GET' && url.includes('uploadId='),
  's3:AbortMultipartUpload': (method, url) => method === 'DELETE' && url.includes('uploadId='),
}

for (const [permission, denies] of Object.entries(PERMISSIONS)) {
  test(`a key without ${permission} is told just that`, async (context) => {
    if (skipsFauxqs(context)) return
    const bucket = await new Bucket(server).make()
    await using proxy = await openDenyingProxy(server.endpoint, denies)
    const [finding, ...others] = await examine(bucket, proxy.endpoint)
    assert.deepEqual(others, [])
    assert.equal(finding?.verdict, 'failed')
    const said = `The key may not do all that the service does with the bucket ${bucket.name} at ${proxy.endpoint}: ${permission}`
    assert.equal(finding?.message.slice(0, said.length), said)
    assert.equal(/left behind/.test(finding?.message ?? ''), permission === 's3:DeleteObject')
    assert.equal(
      finding?.todo,
      'Allow it in the policy of the key or the bucket. A wrong S3_SECRET_KEY looks like this too',
    )
  })
}

test('a key that may do nothing is told everything', async () => {
  const bucket = await new Bucket(server).make()
  await using proxy = await openDenyingProxy(server.endpoint, () => true)
  const [finding] = await examine(bucket, proxy.endpoint)
  assert.match(
    finding?.message ?? '',
    /: s3:ListBucket, s3:PutObject, s3:PutObject \(multipart\), s3:ListBucketMultipartUploads$/,
  )
})

test('a key that may not list uploads can do without, and is told what that costs', async (context) => {
  if (skipsFauxqs(context)) return
  const bucket = await new Bucket(server).make()
  const denies = (method: string, url: string) => method === 'GET' && /\?.*\buploads\b/.test(url)
  await using proxy = await openDenyingProxy(server.endpoint, denies)
  const [finding] = await examine(bucket, proxy.endpoint)
  assert.equal(finding?.verdict, 'warning')
  assert.match(finding?.message ?? '', /: s3:ListBucketMultipartUploads$/)
  assert.match(finding?.todo ?? '', /lifecycle rule/)
})

test('a missing bucket is told, not made', async () => {
  const bucket = new Bucket(server)
  for (let i = 0; i < 2; i++) {
    const [finding] = await examine(bucket)
    assert.equal(finding?.verdict, 'warning')
    assert.equal(finding?.message, `There is no bucket ${bucket.name} at ${server.endpoint}; the service makes it`)
  }
})

test('a store that does not answer is told with where it should be', async () => {
  const bucket = await new Bucket(server).make()
  await using gate = await openGate(server.endpoint)
  await gate.shut()
  const [finding] = await examine(bucket, gate.endpoint)
  assert.equal(finding?.verdict, 'failed')
  assert.match(
    finding?.message ?? '',
    new RegExp(`^The bucket ${bucket.name} at ${gate.endpoint} cannot be reached: .*ECONNREFUSED`),
  )
  assert.equal(finding?.todo, 'Check S3_ENDPOINT_URL, that the server runs, and that this machine reaches it')
})

test('a wrong secret key is told as one', async (context) => {
  if (skipsFauxqs(context)) return
  const bucket = await new Bucket(server).make()
  const [finding] = await examine(bucket, server.endpoint, { S3_SECRET_KEY: 'not-the-secret' })
  assert.equal(finding?.verdict, 'failed')
  assert.match(finding?.todo ?? '', /A wrong S3_SECRET_KEY looks like this too/)
})

test('a further bucket that cannot be read is told', async () => {
  const bucket = await new Bucket(server).make()
  const findings = await examine(bucket, server.endpoint, { S3_ALLOWED_BUCKETS: 'longshore-nowhere' })
  assert.equal(findings.length, 2)
  assert.equal(findings[1]?.verdict, 'warning')
  assert.match(findings[1]?.message ?? '', /^The bucket longshore-nowhere of S3_ALLOWED_BUCKETS cannot be read: /)
})
