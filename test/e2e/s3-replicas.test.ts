import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { Api } from '../support/api.ts'
import { someBytes } from '../support/bytes.ts'
import { IngestClient } from '../support/ingest-client.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { startS3Server } from '../support/s3-server.ts'
import { Bucket, s3Settings } from '../support/s3-service.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const postgres = await startPostgres()
const s3 = await startS3Server()
const lack = s3.name === 'fauxqs' ? 'fauxqs lists no parts, so no ingest can be completed' : undefined
const skip = postgres ? (lack ?? false) : 'there is no PostgreSQL to test against'
after(async () => {
  await s3[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
})

const MIB = 1024 * 1024

test('uploads begun at one replica are completed at another, run on a third, and read through any', {
  skip,
}, async () => {
  await using stack = new AsyncDisposableStack()
  const bucket = await new Bucket(s3).make()
  const shared = {
    ...s3Settings(s3, bucket),
    DATABASE_URL: postgres?.url ?? '',
    DATABASE_SCHEMA: `s3_${randomBytes(5).toString('hex')}`,
  }
  const start = async (role: string): Promise<ServiceProcess> => {
    const data = stack.use(await tempFolder())
    return stack.use(await startService({ ...shared, ROLE: role, DATA_DIR: data.path }))
  }
  const [first, second, worker] = await Promise.all([start('api'), start('api'), start('worker')])
  const [one, other] = [new Api(first.url), new Api(second.url)]

  const contents = { 'large.bin': someBytes(11 * MIB), 'small.bin': someBytes(1_000, 2) }
  const ingest = await IngestClient.start(one, contents, {}, { parameters: { records: 5 } })
  const [large, small] = [ingest.file('large.bin'), ingest.file('small.bin')]
  const parts = [await ingest.put(large, 1), await ingest.put(large, 2)]
  const urls = await other.post(`/ingest/${ingest.jobId}/files/${large.file_id}/parts`, { part_numbers: [3] })
  const { part_urls: fresh } = (await urls.json()) as { part_urls: { url: string }[] }
  parts.push(await ingest.put(large, 3, fresh[0]?.url))
  const seen = await other.get<{ files: { parts: unknown[] }[] }>(`/ingest/${ingest.jobId}`)
  assert.equal(seen.files[0]?.parts.length, 3, 'a replica tells of parts whose URLs others gave')
  await ingest.completed(small, await ingest.putAll(small), one.url)
  await ingest.completed(large, parts, other.url)

  const job = await one.ended(ingest.jobId)
  const digests = Object.entries(contents).map(([name, bytes]) => [name, sha256Of(bytes)])
  assert.deepEqual([job.status, job.result?.digests], ['completed', Object.fromEntries(digests)])
  for (const api of [one, other]) {
    const { outputs } = await api.get<{ outputs: { url: string; sha256: string }[] }>(`/jobs/${ingest.jobId}/outputs`)
    assert.ok(outputs.length > 0)
    for (const { url, sha256 } of outputs) assert.equal(sha256Of(await (await fetch(url)).bytes()), sha256)
  }
  const events = await other.events(ingest.jobId)
  assert.ok(
    events.some(({ data }) => String(data.worker ?? '').includes(`-${worker.pid}-`)),
    'the worker ran it',
  )
  assert.deepEqual(await bucket.uploads(), [])
})

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
