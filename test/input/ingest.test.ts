import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as contract from '../../src/contract/ingest.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { everythingStored, nothingWritten, openTestService, type TestService } from '../support/test-service.ts'
import { assertProblem, post } from '../support/wire.ts'

const MIB = 1024 * 1024

type Started = ReturnType<typeof contract.StartedIngest.parse>
type StartedFile = Started['files'][number]

async function start(service: TestService, files: unknown[], options = {}, headers = {}): Promise<Started> {
  const answer = await post(service.app, '/ingest/start', { files, ...options }, headers)
  assert.equal(answer.statusCode, 200, answer.body)
  return contract.StartedIngest.strict().parse(answer.json())
}

async function putPart(service: TestService, file: StartedFile, number: number, bytes: Uint8Array): Promise<string> {
  const { pathname, search } = new URL(file.part_urls[number - 1]?.url ?? '')
  const answer = await service.app.inject({ method: 'PUT', url: pathname + search, payload: Buffer.from(bytes) })
  assert.equal(answer.statusCode, 200, answer.body)
  return String(answer.headers.etag)
}

function complete(service: TestService, jobId: string, file: StartedFile, etags: readonly string[]) {
  const parts = etags.map((ETag, i) => ({ PartNumber: i + 1, ETag }))
  const { file_id, upload_id } = file
  return post(service.app, '/ingest/complete', { job_id: jobId, file_id, upload_id, parts })
}

/** Starts an ingest of one-part files and puts all their parts. */
async function uploaded(service: TestService, contents: readonly string[], extra = {}) {
  const files = contents.map((text, i) => ({ filename: `dir/${i}.txt`, size_bytes: text.length, ...extra }))
  const ingest = await start(service, files)
  const etags = await Promise.all(
    ingest.files.map((file, i) => putPart(service, file, 1, Buffer.from(contents[i] ?? ''))),
  )
  const file = (i: number): StartedFile => ingest.files[i] as StartedFile
  return {
    id: ingest.job_id,
    ingest,
    file,
    etags,
    complete: (i: number) => complete(service, ingest.job_id, file(i), [etags[i] ?? '']),
  }
}

test('parts are planned by the rule of the contract, and keys lie below the job', async () => {
  await using service = await openTestService()
  const { job_id, files } = await start(service, [
    { filename: 'small', size_bytes: 1 },
    { filename: 'sub/three', size_bytes: 11 * MIB },
    { filename: 'huge', size_bytes: 100_000 * MIB },
  ])
  assert.deepEqual(
    files.map((file) => [file.part_size_bytes, file.part_urls.length]),
    [
      [5 * MIB, 1],
      [5 * MIB, 3],
      [10 * MIB, 10_000],
    ],
  )
  assert.equal(files[1]?.s3_key, `datasets/${job_id}/sub/three`)
})

test('the last file queues the job of the same id, with the files in the order announced', async () => {
  await using service = await openTestService()
  const digest = createHash('sha256').update('first').digest('hex')
  const { id, ingest, complete } = await uploaded(service, ['first', 'other'], {})
  assert.equal((await complete(1)).statusCode, 200)
  assertProblem(await service.app.inject({ url: `/jobs/${id}` }), 'JOB_NOT_FOUND')
  const last = await complete(0)
  contract.CompletedFile.strict().parse(last.json())
  const job = await service.jobs.get(id)
  assert.deepEqual(job.manifest, { files: ingest.files.map((file) => ({ uri: `s3://longshore/${file.s3_key}` })) })
  assert.deepEqual((await complete(0)).json(), last.json(), 'repeating it is harmless')
  assert.equal((await service.jobs.get(id)).version, job.version)
  const state = contract.IngestState.strict().parse((await service.app.inject({ url: `/ingest/${id}` })).json())
  assert.equal(state.status, 'completed')
  assert.equal(digest.length, 64)
})

test('an announced digest is checked and handed on; a wrong one ends the ingest with nothing left', async () => {
  await using service = await openTestService()
  const sha256 = createHash('sha256').update('right').digest('hex')
  const right = await uploaded(service, ['right'], { sha256: sha256.toUpperCase() })
  assert.equal((await right.complete(0)).statusCode, 200)
  const { manifest } = await service.jobs.get(right.id)
  assert.deepEqual('files' in manifest && manifest.files[0]?.sha256, sha256)
  const before = await everythingStored(service)
  const wrong = await uploaded(service, ['wrong', 'wrong'], { sha256 })
  assertProblem(await wrong.complete(0), 'DIGEST_MISMATCH')
  assertProblem(await service.app.inject({ url: `/ingest/${wrong.id}` }), 'INGEST_NOT_FOUND')
  assert.deepEqual(await everythingStored(service), before)
})

test('parts that are missing, wrong, too many or out of order are refused, and can be put right', async () => {
  await using service = await openTestService()
  const { job_id, files } = await start(service, [{ filename: 'a', size_bytes: 5 * MIB + 1 }])
  const file = files[0] as StartedFile
  const first = await putPart(service, file, 1, Buffer.alloc(5 * MIB))
  const refused = async (
    parts: [number, string][],
    code: 'PARTS_MISMATCH' | 'VALIDATION_FAILED' = 'PARTS_MISMATCH',
  ) => {
    const list = parts.map(([PartNumber, ETag]) => ({ PartNumber, ETag }))
    const { file_id, upload_id } = file
    assertProblem(await post(service.app, '/ingest/complete', { job_id, file_id, upload_id, parts: list }), code)
  }
  await refused([[1, first]])
  await refused([
    [1, first],
    [2, '"never-sent"'],
  ])
  const second = await putPart(service, file, 2, Buffer.alloc(1))
  await refused([
    [2, second],
    [1, first],
  ])
  await refused([
    [1, first],
    [1, first],
  ])
  await refused([
    [1, first],
    [2, '"wrong"'],
  ])
  await refused([
    [1, first],
    [2, second],
    [3, second],
  ])
  await refused([[0, first]], 'VALIDATION_FAILED')
  await refused([], 'VALIDATION_FAILED')
  const state = contract.IngestState.parse((await service.app.inject({ url: `/ingest/${job_id}` })).json())
  assert.deepEqual(
    state.files[0]?.parts.map((part) => [part.part_number, part.size_bytes]),
    [
      [1, 5 * MIB],
      [2, 1],
    ],
  )
  assert.equal((await complete(service, job_id, file, [first, second.replaceAll('"', '')])).statusCode, 200)
})

test('unknown ids are 404', async () => {
  await using service = await openTestService()
  const { id, ingest, file, etags } = await uploaded(service, ['x'])
  const parts = [{ PartNumber: 1, ETag: etags[0] }]
  const { file_id, upload_id } = file(0)
  const ask = (body: Record<string, string>) =>
    post(service.app, '/ingest/complete', { job_id: id, file_id, upload_id, parts, ...body })
  assertProblem(await ask({ job_id: 'none' }), 'INGEST_NOT_FOUND')
  assertProblem(await ask({ file_id: 'none' }), 'UPLOAD_NOT_FOUND')
  assertProblem(await ask({ upload_id: 'none' }), 'UPLOAD_NOT_FOUND')
  assertProblem(await service.app.inject({ url: '/ingest/none' }), 'INGEST_NOT_FOUND')
  assertProblem(await service.app.inject({ method: 'POST', url: '/ingest/none/abort' }), 'INGEST_NOT_FOUND')
  assertProblem(
    await post(service.app, `/ingest/${ingest.job_id}/files/none/parts`, { part_numbers: [1] }),
    'UPLOAD_NOT_FOUND',
  )
})

test('an aborted ingest leaves nothing, complete or not; a closed one cannot be aborted', async () => {
  await using service = await openTestService()
  const { id, complete } = await uploaded(service, ['a', 'b'])
  await complete(0)
  const abort = await service.app.inject({ method: 'POST', url: `/ingest/${id}/abort` })
  assert.equal(abort.statusCode, 204)
  assert.ok(await nothingWritten(service))
  assertProblem(await complete(1), 'INGEST_NOT_FOUND')
  const closed = await uploaded(service, ['c'])
  await closed.complete(0)
  assertProblem(await service.app.inject({ method: 'POST', url: `/ingest/${closed.id}/abort` }), 'INGEST_CLOSED')
})

test('files completed at the same time queue the job once', async () => {
  await using service = await openTestService()
  const contents = Array.from({ length: 8 }, (_, i) => `file ${i}`)
  const { id, complete } = await uploaded(service, contents)
  const answers = await Promise.all(contents.flatMap((_, i) => [complete(i), complete(i)]))
  assert.deepEqual(
    answers.map((answer) => answer.statusCode),
    answers.map(() => 200),
  )
  assert.equal((await service.jobs.list({ limit: 10 })).items.length, 1)
  assert.equal((await service.jobs.get(id)).version, 1)
})

test('completing against aborting ends as the one or the other, never in between', async () => {
  await using service = await openTestService()
  for (let round = 0; round < 10; round++) {
    const { id, complete } = await uploaded(service, ['a'])
    const abort = () => service.app.inject({ method: 'POST', url: `/ingest/${id}/abort` })
    const [first, second] = await Promise.all(round % 2 ? [complete(0), abort()] : [abort(), complete(0)])
    const [completed, aborted] = round % 2 ? [first, second] : [second, first]
    const job = await service.app.inject({ url: `/jobs/${id}` })
    if (completed.statusCode === 200) {
      assertProblem(aborted, 'INGEST_CLOSED')
      assert.equal(job.statusCode, 200)
    } else {
      assertProblem(completed, 'INGEST_NOT_FOUND')
      assert.equal(aborted.statusCode, 204)
      assertProblem(job, 'JOB_NOT_FOUND')
    }
  }
})

test('fresh URLs keep an ingest alive; without them it is swept away when its URLs expire', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const ttlMs = service.config.partUrlTtlMs
  const renewed = await uploaded(service, ['kept'])
  const dropped = await uploaded(service, ['dropped'])
  clock.advance(ttlMs - 1000)
  const answer = await post(service.app, `/ingest/${renewed.id}/files/${renewed.file(0).file_id}/parts`, {
    part_numbers: [1],
  })
  const fresh = contract.RenewedParts.strict().parse(answer.json())
  assert.equal(Date.parse(fresh.expires_at), clock.now() + ttlMs)
  assertProblem(
    await post(service.app, `/ingest/${renewed.id}/files/${renewed.file(0).file_id}/parts`, { part_numbers: [2] }),
    'VALIDATION_FAILED',
  )
  clock.advance(2000)
  await service.ingests.sweep()
  assertProblem(await service.app.inject({ url: `/ingest/${dropped.id}` }), 'INGEST_NOT_FOUND')
  const { pathname, search } = new URL(fresh.part_urls[0]?.url ?? '')
  assert.equal((await service.app.inject({ method: 'PUT', url: pathname + search, payload: 'kept' })).statusCode, 200)
  assert.equal((await renewed.complete(0)).statusCode, 200)
})

test('when nothing is open the sweep holds no timer', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  assert.equal(clock.pending, 0)
  const { id } = await uploaded(service, ['x'])
  clock.advance(service.config.limits.requestTimeoutMs)
  assert.equal(clock.pending, 1)
  await service.app.inject({ method: 'POST', url: `/ingest/${id}/abort` })
  clock.advance(service.config.partUrlTtlMs)
  await service.ingests.sweep()
  assert.equal(clock.pending, 0)
})

test('after a crash between the steps of a complete, repeating it, starting again or reading how far it is finishes it', async () => {
  let fail: 'completeUpload' | undefined
  const wrapStore = (store: ObjectStore): ObjectStore =>
    new Proxy(store, {
      get(target, verb) {
        const value: unknown = Reflect.get(target, verb)
        if (typeof value !== 'function') return value
        return async (...given: unknown[]) => {
          const result: unknown = await Reflect.apply(value, target, given)
          if (verb === fail) throw new Error('the machine died')
          return result
        }
      },
    })
  await using service = await openTestService({ wrapStore })
  const { id, complete } = await uploaded(service, ['x'])
  fail = 'completeUpload'
  assertProblem(await complete(0), 'INTERNAL')
  fail = undefined
  assert.equal((await complete(0)).statusCode, 200, 'made in the store, but not recorded')
  assert.equal((await service.jobs.get(id)).state, 'queued')

  const other = await uploaded(service, ['y'])
  await service.engine.ingests.completeFile(other.id, other.file(0).file_id, '"recorded"')
  await service.ingests.stop()
  await service.ingests.start()
  assert.equal((await service.jobs.get(other.id)).state, 'queued', 'recorded, but not queued')

  const third = await uploaded(service, ['z'])
  await service.engine.ingests.completeFile(third.id, third.file(0).file_id, '"recorded"')
  const state = await service.app.inject({ url: `/ingest/${third.id}` })
  assert.deepEqual([state.json().files[0].status, state.json().status], ['completed', 'completed'])
  assert.equal(
    (await service.jobs.get(third.id)).state,
    'queued',
    'whoever reads that all is there may wait for the job',
  )
})

test('a full queue keeps a complete ingest until the complete is repeated', async () => {
  await using service = await openTestService({ settings: { MAX_QUEUED_JOBS: '1' } })
  const first = await uploaded(service, ['a'])
  const second = await uploaded(service, ['b'])
  await first.complete(0)
  assertProblem(await second.complete(0), 'QUEUE_FULL')
  assertProblem(await service.app.inject({ url: `/ingest/${second.id}` }), 'QUEUE_FULL')
  await service.jobs.cancel(first.id)
  assert.equal((await second.complete(0)).statusCode, 200)
  assert.equal((await service.jobs.get(second.id)).state, 'queued')
})

test('open ingests have a limit', async () => {
  await using service = await openTestService({ settings: { MAX_OPEN_INGESTS: '1' } })
  await start(service, [{ filename: 'a', size_bytes: 1 }])
  assertProblem(
    await post(service.app, '/ingest/start', { files: [{ filename: 'a', size_bytes: 1 }] }),
    'TOO_MANY_INGESTS',
  )
})

test('the limit holds for ingests that are opened at the same moment', async () => {
  await using service = await openTestService({ settings: { MAX_OPEN_INGESTS: '2' } })
  const body = { files: [{ filename: 'a', size_bytes: 1 }] }
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(service.app, '/ingest/start', body)))
  const statuses = answers.map(({ statusCode }) => statusCode).sort()
  assert.deepEqual(statuses, [200, 200, ...Array(8).fill(429)])
})

test('the same key starts one ingest and leaves no second upload', async () => {
  await using service = await openTestService()
  const files = [{ filename: 'a', size_bytes: 1 }]
  const headers = { 'idempotency-key': 'k' }
  const first = await start(service, files, {}, headers)
  const stored = await everythingStored(service)
  const again = await post(service.app, '/ingest/start', { files }, headers)
  assert.equal(again.headers['idempotency-replayed'], 'true')
  assert.deepEqual(again.json(), first)
  assertProblem(await post(service.app, '/ingest/start', { files, priority: 1 }, headers), 'IDEMPOTENCY_KEY_REUSED')
  assert.deepEqual(await everythingStored(service), stored)
})
