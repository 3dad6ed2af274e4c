import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Api, type WireJob } from '../support/api.ts'
import { someBytes } from '../support/bytes.ts'
import { type ClientPart, IngestClient, type IngestedFile } from '../support/ingest-client.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { openSite, type Site } from '../support/site.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

const MIB = 1024 * 1024
const NAME = 'large.bin'

/** Three replicas, and a file whose parts are being uploaded. */
async function begin(site: Site, sizeBytes: number) {
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => site.start()))
  assert.ok(one && two && three)
  const content = someBytes(sizeBytes)
  const ingest = await IngestClient.start(new Api(one.url), { [NAME]: content })
  return { one, two, three, content, ingest, file: ingest.file(NAME), uploads: join(site.objects, '.uploads') }
}

/** Puts a part by the URL that one replica signed, to another. */
function putTo(replica: ServiceProcess, ingest: IngestClient, file: IngestedFile, partNumber: number) {
  const { pathname, search } = new URL(file.part_urls[partNumber - 1]?.url ?? '')
  return ingest.put(file, partNumber, `${replica.url}${pathname}${search}`)
}

/** The one job there is, at its end. */
async function onlyJob(api: Api, jobId: string): Promise<WireJob> {
  const job = await api.ended(jobId)
  const jobs = await api.get<WireJob[]>('/jobs')
  assert.deepEqual(
    jobs.map(({ job_id }) => job_id),
    [jobId],
  )
  return job
}

function digestOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

test('parts of one upload go to two replicas in turn, one to both at once, and two others complete it at once', {
  skip,
}, async () => {
  await using site = await openSite(server, { MULTIPART_PART_SIZE_MB: '5' })
  const { one, two, three, content, ingest, file, uploads } = await begin(site, 23 * MIB)
  const parts: ClientPart[] = []
  for (const { part_number: number } of file.part_urls) {
    const to = number === 3 ? [one, two] : [number % 2 === 1 ? one : two]
    const [part, copy = part] = await Promise.all(to.map((replica) => putTo(replica, ingest, file, number)))
    assert.ok(part)
    assert.deepEqual(copy, part)
    parts.push(part)
  }
  const seen = await new Api(three.url).get<{ files: { parts: unknown[] }[] }>(`/ingest/${ingest.jobId}`)
  assert.equal(seen.files[0]?.parts.length, 5, 'a replica tells of parts that others took')
  const [answer, same] = await Promise.all([three, two].map(({ url }) => ingest.completed(file, parts, url)))
  assert.deepEqual(same, answer)
  const job = await onlyJob(new Api(one.url), ingest.jobId)
  assert.deepEqual([job.status, job.result?.digests], ['completed', { [NAME]: digestOf(content) }])
  assert.deepEqual(readdirSync(uploads), [])
  const late = await fetch(file.part_urls[0]?.url ?? '', { method: 'PUT', body: new Uint8Array(5 * MIB) })
  assert.equal(late.status, 404)
  assert.match(await late.text(), /UPLOAD_NOT_FOUND/)
})

test('a replica that takes a part, and one that completes, are killed amid it: the others go on and end it', {
  skip,
}, async () => {
  await using site = await openSite(server, { MULTIPART_PART_SIZE_MB: '16' })
  const { one, two, three, content, ingest, file, uploads } = await begin(site, 48 * MIB)
  const upload = join(uploads, file.upload_id)
  const parts = [await putTo(two, ingest, file, 1)]
  const broken = assert.rejects(
    fetch(file.part_urls[1]?.url ?? '', { method: 'PUT', body: standing(), duplex: 'half' }),
  )
  await seen(upload, 'claim-2')
  await one.kill('SIGKILL')
  await broken
  parts.push(await putTo(two, ingest, file, 2), await putTo(three, ingest, file, 3))

  // The place of part 2 may belong to someone who is alive, for all that others know, so the whole is a copy.
  const cutOff = ingest.complete(file, parts, three.url).catch(() => {})
  await seen(upload, 'whole-')
  await three.kill('SIGKILL')
  await cutOff
  await ingest.completed(file, parts, two.url)
  const job = await onlyJob(new Api(two.url), ingest.jobId)
  assert.deepEqual([job.status, job.result?.digests], ['completed', { [NAME]: digestOf(content) }])
  assert.deepEqual(readdirSync(uploads), [])
})

/** A body that begins and never ends. */
function standing(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(MIB)) })
}

/** Waits for a file of the folder whose name begins like this; one that was quicker has taken the folder with it. */
async function seen(folder: string, beginning: string): Promise<void> {
  while (existsSync(folder) && !namesIn(folder).some((name) => name.startsWith(beginning))) await setImmediate()
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
