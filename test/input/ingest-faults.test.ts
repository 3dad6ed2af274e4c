import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { LongshoreError } from '../../src/base/errors.ts'
import { Ingests } from '../../src/input/ingest.ts'
import { Api } from '../support/api.ts'
import { failing, openDisturbed } from '../support/disturbed-service.ts'
import type { Disturbance } from '../support/disturbed-store.ts'
import { IngestClient } from '../support/ingest-client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { everythingStored, nothingWritten, openTestService, type TestService } from '../support/test-service.ts'
import { until } from '../support/until.ts'
import { assertFetchedProblem, assertProblem, post } from '../support/wire.ts'

/** Fails from the second time on. */
function failingLater(): Disturbance {
  let times = 0
  return (go) => {
    times += 1
    return times > 1 ? failing() : go()
  }
}

const THREE = { files: ['a', 'b', 'c'].map((filename) => ({ filename, size_bytes: 1 })) }

/** What a restart does: the same records and store, found by another process. */
async function restarted({ engine, store, jobs, config }: TestService): Promise<void> {
  const faults: unknown[] = []
  const onFault = (fault: unknown): number => faults.push(fault)
  const parts = { records: engine.ingests, store, jobs, clock: systemClock, settings: config }
  const ingests = new Ingests({ ...parts, alone: true, onFault })
  await ingests.start()
  await ingests.stop()
  assert.deepEqual(faults, [])
}

test('after a crash amid opening uploads, the next start drops those that were opened', async () => {
  await using setup = await openDisturbed()
  const { service, disturbances } = setup
  const opened = Promise.withResolvers<void>()
  let times = 0
  disturbances.createUpload = async (go) => {
    await go()
    times += 1
    if (times === THREE.files.length) opened.resolve()
    return new Promise(() => {})
  }
  void post(service.app, '/ingest/start', THREE)
  await opened.promise
  assert.ok(!(await nothingWritten(service)))
  await restarted(service)
  assert.ok(await nothingWritten(service))
})

test('when an upload cannot be opened, none is left, nor one whose answer was lost', async () => {
  await using setup = await openDisturbed()
  const { service, disturbances } = setup
  disturbances.createUpload = failingLater()
  assertProblem(await post(service.app, '/ingest/start', THREE), 'STORE_UNAVAILABLE')
  assert.ok(await nothingWritten(service))
  disturbances.createUpload = async (go) => {
    await go()
    return failing()
  }
  assertProblem(await post(service.app, '/ingest/start', THREE), 'STORE_UNAVAILABLE')
  assert.ok(await nothingWritten(service))
})

test('what cannot be dropped at once is dropped later', async () => {
  const clock = new ManualClock()
  await using setup = await openDisturbed({ clock })
  const { service, disturbances } = setup
  disturbances.createUpload = failingLater()
  assertProblem(await post(service.app, '/ingest/start', THREE), 'STORE_UNAVAILABLE')
  disturbances.createUpload = failingLater()
  disturbances.abortUploads = failing
  assertProblem(await post(service.app, '/ingest/start', THREE), 'STORE_UNAVAILABLE')
  assert.ok(!(await nothingWritten(service)))
  delete disturbances.abortUploads
  clock.advance(60_000)
  await until(() => nothingWritten(service))
})

test('an abort that fails halfway can be repeated, and is finished without it', async () => {
  const clock = new ManualClock()
  await using setup = await openDisturbed({ clock })
  const { service, disturbances } = setup
  for (const isRepeated of [true, false]) {
    const { job_id: id } = (await post(service.app, '/ingest/start', THREE)).json<{ job_id: string }>()
    const abort = () => service.app.inject({ method: 'POST', url: `/ingest/${id}/abort` })
    disturbances.abortUpload = failingLater()
    assertProblem(await abort(), 'STORE_UNAVAILABLE')
    assertProblem(await service.app.inject({ url: `/ingest/${id}` }), 'INGEST_NOT_FOUND')
    delete disturbances.abortUpload
    if (isRepeated) assert.equal((await abort()).statusCode, 204)
    else clock.advance(60_000)
    await service.ingests.sweep()
    assert.ok(await nothingWritten(service))
  }
})

test('an abort of a complete ingest that fails halfway queues nothing later, and is finished', async () => {
  const clock = new ManualClock()
  await using setup = await openDisturbed({ clock, settings: { MAX_QUEUED_JOBS: '1' } })
  const { service, disturbances } = setup
  const first = await service.jobs.submit(service.jobs.draft({}, 'first'), { files: [] })
  const api = new Api(await service.listen())
  const ingest = await IngestClient.start(api, { a: Buffer.from('a') })
  const file = ingest.file('a')
  const parts = await ingest.putAll(file)
  await assertFetchedProblem(await ingest.complete(file, parts), 'QUEUE_FULL')
  disturbances.delete = failing
  await assertFetchedProblem(await api.post(`/ingest/${ingest.jobId}/abort`), 'STORE_UNAVAILABLE')
  await service.jobs.cancel(first.job.id)
  await assertFetchedProblem(await fetch(`${api.url}/ingest/${ingest.jobId}`), 'INGEST_NOT_FOUND')
  await service.ingests.stop()
  await service.ingests.start()
  delete disturbances.delete
  clock.advance(60_000)
  await service.ingests.sweep()
  assert.deepEqual(await everythingStored(service), [])
  assert.equal(await service.engine.ingests.countOpen(), 0)
  assert.equal(await service.jobs.find(ingest.jobId), undefined)
})

test('an abort after a job was queued, though the answer to that was lost, leaves the job its files', async () => {
  await using service = await openTestService()
  const api = new Api(await service.listen())
  const ingest = await IngestClient.start(api, { a: Buffer.from('a') })
  const parts = await ingest.putAll(ingest.file('a'))
  const { ingests: records } = service.engine
  const close = records.close.bind(records)
  records.close = failing
  await assertFetchedProblem(await ingest.complete(ingest.file('a'), parts), 'STORE_UNAVAILABLE')
  records.close = close
  await assertFetchedProblem(await api.post(`/ingest/${ingest.jobId}/abort`), 'INGEST_CLOSED')
  assert.equal((await service.jobs.get(ingest.jobId)).state, 'queued')
  assert.deepEqual(await everythingStored(service), ['a'])
})

test('opening that takes longer than a place is kept without a word is not swept away', async () => {
  const clock = new ManualClock()
  await using setup = await openDisturbed({ clock })
  const { service, disturbances } = setup
  disturbances.createUpload = async (go) => {
    const uploadId = await go()
    for (let i = 0; i < 5; i++) {
      clock.advance(20_000)
      await service.engine.ingests.extend('nobody, but written after the sign of life', 0)
      await service.ingests.sweep()
    }
    return uploadId
  }
  const answer = await post(service.app, '/ingest/start', { files: [{ filename: 'a', size_bytes: 1 }] })
  const { files } = answer.json<{ files: { s3_key: string; upload_id: string }[] }>()
  const ref = { bucket: service.config.bucket, key: files[0]?.s3_key ?? '' }
  assert.deepEqual(await service.store.listParts(ref, files[0]?.upload_id ?? ''), [])
})

test('a digest that could not be read is read when completing is repeated', async () => {
  await using setup = await openDisturbed()
  const { service, disturbances } = setup
  const api = new Api(await service.listen())
  const text = Buffer.from('the right text')
  const ingest = await IngestClient.start(api, { a: text }, { sha256: createHash('sha256').update(text).digest('hex') })
  const file = ingest.file('a')
  const parts = await ingest.putAll(file)
  disturbances.get = async () => ({ body: Readable.from(brokenBody(), { objectMode: false }) })
  const problem = await assertFetchedProblem(await ingest.complete(file, parts), 'STORE_UNAVAILABLE')
  assert.match(problem.detail, /ECONNRESET/)
  delete disturbances.get
  await ingest.completed(file, parts)
  assert.equal((await service.jobs.get(ingest.jobId)).state, 'queued')
})

async function* brokenBody(): AsyncGenerator<Buffer> {
  yield Buffer.from('the ri')
  throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}

test('what lies at the key of an upload that is gone is taken for it only if it has its size', async () => {
  await using service = await openTestService()
  const api = new Api(await service.listen())
  const ingest = await IngestClient.start(api, { a: Buffer.from('as announced') })
  const file = ingest.file('a')
  const parts = await ingest.putAll(file)
  const ref = { bucket: service.config.bucket, key: file.s3_key }
  await service.store.abortUpload(ref, file.upload_id)
  await service.store.put(ref, Buffer.from('something else altogether'))
  const problem = await assertFetchedProblem(await ingest.complete(file, parts), 'UPLOAD_NOT_FOUND')
  assert.match(problem.detail, /25 bytes, not 12/)
})

test('a file that was put together by a call whose answer was lost is complete for who asks how far the upload is', async () => {
  await using setup = await openDisturbed()
  const { service, disturbances } = setup
  const api = new Api(await service.listen())
  const ingest = await IngestClient.start(api, { 'a.bin': Buffer.from('a'), 'b.bin': Buffer.from('b') })
  const [a, b] = [ingest.file('a.bin'), ingest.file('b.bin')]
  const parts = { a: await ingest.putAll(a), b: await ingest.putAll(b) }
  await ingest.completed(a, parts.a)
  disturbances.completeUpload = async (go) => {
    await go()
    return failing()
  }
  await assertFetchedProblem(await ingest.complete(b, parts.b), 'STORE_UNAVAILABLE')
  const { files } = await api.get<{ files: { status: string }[] }>(`/ingest/${ingest.jobId}`)
  assert.deepEqual(
    files.map(({ status }) => status),
    ['completed', 'completed'],
  )
  assert.equal((await api.job(ingest.jobId)).status, 'queued')
})

test('what was noted of an ingest, though the answer said otherwise, is swept away when its time is over', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const { ingests: records } = service.engine
  const open = records.open.bind(records)
  let times = 0
  records.open = async (ingest, limits) => {
    const kept = await open(ingest, limits)
    times += 1
    if (times !== 2) throw new LongshoreError('ENGINE_UNAVAILABLE', 'The answer was lost.')
    return kept
  }
  assertProblem(await post(service.app, '/ingest/start', THREE), 'ENGINE_UNAVAILABLE')
  assert.equal(await records.countOpen(), 1, 'the place')
  clock.advance(60_000)
  await until(() => nothingWritten(service))
  assert.equal((await post(service.app, '/ingest/start', THREE)).statusCode, 200)
  assert.equal(await records.countOpen(), 1, 'the ingest')
  clock.advance(60_000)
  await service.ingests.sweep()
  clock.advance(service.config.partUrlTtlMs)
  await until(() => nothingWritten(service))
})

test('an ingest whose record was kept, though the answer said otherwise, is open and can be uploaded to', async () => {
  await using service = await openTestService()
  const { ingests: records } = service.engine
  const open = records.open.bind(records)
  records.open = async (ingest, limits) => {
    const kept = await open(ingest, limits)
    if (ingest.files.length > 0) throw new LongshoreError('ENGINE_UNAVAILABLE', 'The answer was lost.')
    return kept
  }
  const api = new Api(await service.listen())
  const ingest = await IngestClient.start(api, { 'a.bin': Buffer.from('a') })
  await ingest.completed(ingest.file('a.bin'), await ingest.putAll(ingest.file('a.bin')))
  assert.equal((await api.job(ingest.jobId)).status, 'queued')
})
