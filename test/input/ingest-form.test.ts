import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorCode } from '../../src/base/errors.ts'
import { LongshoreError } from '../../src/base/errors.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { everythingStored, nothingWritten, openTestService, type TestService } from '../support/test-service.ts'
import { assertFetchedProblem } from '../support/wire.ts'

type Field = [name: string, value: string | { name: string; text: string }]

function form(fields: readonly Field[]): FormData {
  const body = new FormData()
  for (const [name, value] of fields) {
    if (typeof value === 'string') body.append(name, value)
    else body.append(name, new Blob([value.text]), value.name)
  }
  return body
}

function upload(url: string, fields: readonly Field[], headers = {}): Promise<Response> {
  return fetch(`${url}/ingest/upload`, { method: 'POST', headers, body: form(fields) })
}

const A: Field = ['file', { name: 'a.dat', text: 'contents of a' }]
const B: Field = ['anything', { name: 'sub/b.dat', text: '' }]

async function manifestOf(service: TestService, answer: Response): Promise<unknown> {
  assert.equal(answer.status, 202, await answer.clone().text())
  const { job_id } = (await answer.json()) as { job_id: string }
  assert.equal(answer.headers.get('location'), `/jobs/${job_id}`)
  const { manifest } = await service.jobs.get(job_id)
  return JSON.parse(JSON.stringify(manifest).replaceAll(job_id, 'ID'))
}

test('a form becomes a job of its files in their order, with fields before and after them', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const answer = await upload(url, [
    ['priority', '7'],
    A,
    ['parameters', '{"depth":[1,2]}'],
    B,
    ['labels', '{"cruise":"M42"}'],
    ['delay_seconds', '1.5'],
    ['group', '42'],
  ])
  assert.deepEqual(await manifestOf(service, answer), {
    files: [{ uri: 's3://longshore/datasets/ID/a.dat' }, { uri: 's3://longshore/datasets/ID/sub/b.dat' }],
  })
  const [job] = (await service.jobs.list({ limit: 1 })).items
  assert.deepEqual(
    [job?.priority, job?.parameters, job?.labels, job?.group],
    [7, { depth: [1, 2] }, { cruise: 'M42' }, '42'],
  )
  assert.equal((job?.runAt ?? 0) - (job?.createdAt ?? 0) > 1000, true)
  assert.equal(await service.engine.ingests.countOpen(), 0)
})

/** Forms that must be refused, and as what. */
const BAD_FORMS: [string, ErrorCode, Field[]][] = [
  ['no file', 'VALIDATION_FAILED', [['priority', '1']]],
  ['an unknown field', 'VALIDATION_FAILED', [A, ['priorty', '1']]],
  ['a field given twice', 'VALIDATION_FAILED', [A, ['priority', '1'], ['priority', '2']]],
  ['a number that is none', 'VALIDATION_FAILED', [A, ['priority', 'high']]],
  ['parameters that are no JSON', 'MALFORMED_JSON', [['parameters', '{'], A]],
  ['parameters too deep', 'JSON_TOO_DEEP', [A, ['parameters', '['.repeat(1000) + ']'.repeat(1000)]]],
  ['both due times', 'VALIDATION_FAILED', [A, ['delay_seconds', '1'], ['run_at', '2030-01-01T00:00:00Z']]],
  ['a name that climbs out', 'INVALID_FILENAME', [A, ['file', { name: '../../x', text: 'x' }]]],
  ['an absolute name', 'INVALID_FILENAME', [['file', { name: '/x', text: 'x' }]]],
  ['two equal names', 'DUPLICATE_FILENAME', [A, B, A]],
  ['too many files', 'TOO_MANY_FILES', Array.from({ length: 4 }, (_, i): Field => ['f', { name: `${i}`, text: 'x' }])],
  ['a prototype', 'MALFORMED_FORM', [A, ['__proto__', 'x']]],
  ['too many fields', 'MALFORMED_FORM', [A, ...Array.from({ length: 60 }, (_, i): Field => [`f${i}`, 'x'])]],
]

test('a form that cannot be is refused by its own code, and nothing is written', async (t) => {
  await using service = await openTestService({ settings: { MAX_FILES_PER_INGEST: '3' } })
  const url = await service.listen()
  for (const [what, code, fields] of BAD_FORMS) {
    await t.test(what, async () => {
      await assertFetchedProblem(await upload(url, fields), code)
      assert.ok(await nothingWritten(service))
    })
  }
})

test('a field that is to be JSON and is none is named', async () => {
  await using service = await openTestService()
  const answer = await upload(await service.listen(), [['labels', 'run=1'], A])
  assert.match(((await answer.json()) as { detail: string }).detail, /^Expected the field "labels" to be JSON: /)
})

test('bodies that are no form are refused, and nothing is written', async () => {
  await using service = await openTestService()
  const { app } = service
  const send = (type: string, payload: string) =>
    app.inject({ method: 'POST', url: '/ingest/upload', headers: { 'content-type': type }, payload })
  const part = '--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhi'
  for (const [type, payload] of [
    ['multipart/form-data', part],
    ['multipart/form-data; boundary=b', part],
    ['multipart/form-data; boundary=b', 'nonsense'],
    ['multipart/form-data; boundary=b', `${part}\r\n--b--extra`],
  ] as const) {
    const answer = await send(type, payload)
    assert.ok(answer.statusCode === 400 || answer.statusCode === 202, answer.body)
    if (answer.statusCode === 400) assert.ok(await nothingWritten(service), payload)
  }
})

test('files that are too large, alone or together, are refused as they arrive', async () => {
  await using service = await openTestService({ limits: { fileBytes: 10, jobBytes: 15 } })
  const url = await service.listen()
  const file = (name: string, length: number): Field => ['f', { name, text: 'x'.repeat(length) }]
  await assertFetchedProblem(await upload(url, [file('a', 11)]), 'FILE_TOO_LARGE')
  await assertFetchedProblem(await upload(url, [file('a', 8), file('b', 8)]), 'JOB_TOO_LARGE')
  assert.ok(await nothingWritten(service))
  assert.equal((await upload(url, [file('a', 8), file('b', 7)])).status, 202)
})

test('parameters the processor refuses leave nothing behind', async () => {
  const checkParameters = (): never => {
    throw new LongshoreError('PARAMETERS_INVALID', 'The parameters do not fit.')
  }
  await using service = await openTestService({ checkParameters })
  await assertFetchedProblem(await upload(await service.listen(), [A]), 'PARAMETERS_INVALID')
  assert.ok(await nothingWritten(service))
})

test('the same key and form answer the first job and keep its files alone', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const headers = { 'idempotency-key': 'k' }
  const first = await upload(url, [A], headers)
  const stored = await everythingStored(service)
  const again = await upload(url, [A], headers)
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.deepEqual(await again.json(), await first.json())
  await assertFetchedProblem(
    await upload(url, [['f', { name: 'a.dat', text: 'other' }]], headers),
    'IDEMPOTENCY_KEY_REUSED',
  )
  assert.deepEqual(await everythingStored(service), stored)
})

test('a form that a crash cut off is cleared away when its time is over, a submitted one is kept', async () => {
  const clock = new ManualClock()
  await using service = await openTestService({ clock })
  const { jobs, engine, store, ingests } = service
  const expiresAt = clock.now() + 1000
  const record = (jobId: string) => ({
    jobId,
    bucket: 'longshore',
    createdAt: 0,
    expiresAt,
    closedAt: null,
    files: [],
    draft: jobs.draft({}, jobId),
  })
  for (const jobId of ['cut-off', 'submitted']) {
    await engine.ingests.open(record(jobId))
    await store.put({ bucket: 'longshore', key: `datasets/${jobId}/a.dat` }, Buffer.from('x'))
  }
  await jobs.submit(jobs.draft({}, 'submitted'), { files: [{ uri: 's3://longshore/datasets/submitted/a.dat' }] })
  clock.advance(1000)
  await ingests.sweep()
  assert.equal(await engine.ingests.countOpen(), 0)
  assert.equal(await store.head({ bucket: 'longshore', key: 'datasets/cut-off/a.dat' }), undefined)
  assert.ok(await store.head({ bucket: 'longshore', key: 'datasets/submitted/a.dat' }))
})

test('a job that was kept has its files, though the answer to its submit was lost', async () => {
  await using service = await openTestService()
  const url = await service.listen()
  const insert = service.engine.insert.bind(service.engine)
  service.engine.insert = async (...given) => {
    await insert(...given)
    throw new LongshoreError('ENGINE_UNAVAILABLE', 'The answer was lost.')
  }
  await assertFetchedProblem(await upload(url, [A]), 'ENGINE_UNAVAILABLE')
  const [job] = (await service.jobs.list({ limit: 2 })).items
  assert.equal(job?.state, 'queued')
  assert.deepEqual(await everythingStored(service), ['a.dat'])
  assert.equal(await service.engine.ingests.countOpen(), 0)
})
