import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { LongshoreError } from '../../src/base/errors.ts'
import * as contract from '../../src/contract/job.ts'
import { openTestService } from '../support/test-service.ts'
import { assertProblem, post, submit, submitted } from '../support/wire.ts'

test('a submit answers 202 with the place of the job, as the contract has it', async () => {
  await using service = await openTestService()
  const answer = await submit(service.app, { parameters: { a: [1] }, priority: 3, labels: { kind: 'x' }, group: 'g' })
  assert.equal(answer.statusCode, 202)
  const { job_id, status } = contract.SubmittedJob.strict().parse(answer.json())
  assert.equal(answer.headers.location, `/jobs/${job_id}`)
  assert.equal(status, 'queued')
  const read = await service.app.inject({ url: `/jobs/${job_id}` })
  const job = contract.Job.strict().parse(read.json())
  assert.deepEqual([job.parameters, job.priority, job.labels, job.group], [{ a: [1] }, 3, { kind: 'x' }, 'g'])
  assert.deepEqual([job.started_at, job.completed_at, job.error, job.result], [null, null, null, null])
  assert.equal(job.queue_position, 0)
})

test('of the two manifest fields the absent one may be null', async () => {
  await using service = await openTestService()
  const files = ['s3://longshore/a.bin']
  const uri = 's3://longshore/m.json'
  for (const body of [
    { manifest_uri: null, manifest_inline: { files } },
    { manifest_uri: uri, manifest_inline: null },
  ]) {
    assert.equal((await post(service.app, '/jobs', body)).statusCode, 202)
  }
  const neither = { manifest_uri: null, manifest_inline: null }
  assertProblem(await post(service.app, '/jobs', neither), 'VALIDATION_FAILED')
})

test('a group that some engine could not keep is refused', async () => {
  await using service = await openTestService()
  for (const group of ['a\0b', '\ud800', 'a\nb', '']) {
    assertProblem(await submit(service.app, { group }), 'VALIDATION_FAILED')
  }
})

test('a link to the next page keeps the question, whatever it holds', async () => {
  await using service = await openTestService()
  for (let n = 0; n < 2; n++) await submitted(service.app, { labels: { q: '?b&c=d' } })
  const page = await service.app.inject({ url: '/jobs?label=q=?b%26c=d&limit=1' })
  const url = /<(.*)>; rel="next"/.exec(String(page.headers.link))?.[1] ?? ''
  const query = new URL(url, 'http://x').searchParams
  assert.deepEqual([query.get('label'), query.get('limit')], ['q=?b&c=d', '1'])
})

test('a manifest URI is accepted without being read', async () => {
  await using service = await openTestService()
  assert.equal((await post(service.app, '/jobs', { manifest_uri: 's3://longshore/m.jsonl' })).statusCode, 202)
})

test('the same key and request answer the first job, another request is refused', async () => {
  await using service = await openTestService()
  const key = { 'idempotency-key': 'k-1' }
  const first = await submit(service.app, { labels: { a: '1', b: '2' } }, key)
  const again = await submit(service.app, { labels: { b: '2', a: '1' } }, key)
  assert.equal(first.headers['idempotency-replayed'], undefined)
  assert.equal(again.headers['idempotency-replayed'], 'true')
  assert.deepEqual(again.json(), first.json())
  assertProblem(await submit(service.app, { labels: { a: '1' } }, key), 'IDEMPOTENCY_KEY_REUSED')
  assertProblem(await submit(service.app, {}, { 'idempotency-key': '' }), 'VALIDATION_FAILED')
})

test('parameters that the processor would refuse are refused at once', async () => {
  const refuse = (): never => {
    throw new LongshoreError('PARAMETERS_INVALID', 'The parameters do not fit.', {
      errors: [{ pointer: '/parameters/a', message: 'expected a number' }],
    })
  }
  await using service = await openTestService({ checkParameters: refuse })
  const problem = assertProblem(await submit(service.app), 'PARAMETERS_INVALID')
  assert.deepEqual(problem.errors, [{ pointer: '/parameters/a', message: 'expected a number' }])
})

test('validation lists every fault with its pointer', async () => {
  await using service = await openTestService()
  const answer = await post(service.app, '/jobs', {
    manifest_inline: { files: ['s3://longshore/a', 7] },
    max_attempts: 0,
    labels: { 'a/b': 1 },
  })
  const problem = assertProblem(answer, 'VALIDATION_FAILED')
  assert.deepEqual(
    problem.errors?.map(({ pointer }) => pointer),
    ['/manifest_inline/files/1', '/max_attempts', '/labels/a~1b'],
  )
})

test('a full queue answers 429 and says when to come back', async () => {
  await using service = await openTestService({ settings: { MAX_QUEUED_JOBS: '1' } })
  await submitted(service.app)
  assertProblem(await submit(service.app), 'QUEUE_FULL')
})

test('Prefer: wait answers the ended job itself, or after the wait the job as it is', async () => {
  await using service = await openTestService()
  const waiting = submit(service.app, {}, { prefer: 'respond-async, wait=30' })
  const lease = await service.claim()
  await service.settle(lease, { type: 'completed', result: { n: 1 }, outputs: [] })
  const ended = await waiting
  assert.equal(ended.statusCode, 200)
  assert.equal(ended.headers['preference-applied'], 'wait=30')
  assert.deepEqual(contract.Job.strict().parse(ended.json()).result, { n: 1 })

  const pending = await submit(service.app, { delay_seconds: 60 }, { prefer: 'wait=0' })
  assert.equal(pending.statusCode, 202)
  assert.equal(contract.Job.parse(pending.json()).status, 'queued')
})

test('?wait answers when the job changes, and at once when the client is behind', async () => {
  await using service = await openTestService()
  const id = await submitted(service.app)
  const waiting = service.app.inject({ url: `/jobs/${id}?wait=60` })
  const lease = await service.claim()
  assert.equal((await waiting).json().status, 'processing')
  const behind = await service.app.inject({ url: `/jobs/${id}?wait=60`, headers: { 'if-none-match': 'W/"1"' } })
  assert.equal(behind.json().status, 'processing')
  const next = service.app.inject({
    url: `/jobs/${id}?wait=60`,
    headers: { 'if-none-match': String(behind.headers.etag) },
  })
  await service.settle(lease, { type: 'completed', result: null, outputs: [] })
  assert.equal((await next).json().status, 'completed')
  const final = await service.app.inject({ url: `/jobs/${id}?wait=60` })
  assert.equal(final.json().status, 'completed')
  assert.equal(final.headers['retry-after'], undefined)
  assertProblem(await service.app.inject({ url: `/jobs/${id}?wait=61` }), 'VALIDATION_FAILED')
})

test('a job the client has is answered 304', async () => {
  await using service = await openTestService()
  const id = await submitted(service.app)
  const first = await service.app.inject({ url: `/jobs/${id}` })
  assert.equal(first.headers['retry-after'], '1')
  const etag = String(first.headers.etag)
  const again = await service.app.inject({ url: `/jobs/${id}`, headers: { 'if-none-match': `"other", ${etag}` } })
  assert.equal(again.statusCode, 304)
  assert.equal(again.body, '')
  await service.jobs.cancel(id)
  const changed = await service.app.inject({ url: `/jobs/${id}`, headers: { 'if-none-match': etag } })
  assert.equal(changed.statusCode, 200)
})

test('a list is an array, newest first, with a link to the next page', async () => {
  await using service = await openTestService()
  const ids: string[] = []
  for (let i = 0; i < 5; i++) ids.push(await submitted(service.app, { labels: { n: String(i % 2) } }))
  const seen: string[] = []
  for (let url: string | undefined = '/jobs?limit=2&label=n%3D0'; url; ) {
    const page: LightMyRequestResponse = await service.app.inject({ url })
    seen.push(
      ...contract.Job.strict()
        .array()
        .parse(page.json())
        .map((job) => job.job_id),
    )
    url = /<(.*)>; rel="next"/.exec(String(page.headers.link))?.[1]
  }
  assert.deepEqual(seen, [ids[4], ids[2], ids[0]])
  const two = await service.app.inject({ url: '/jobs?status=queued&status=failed' })
  assert.equal(two.json().length, 5)
  assertProblem(await service.app.inject({ url: '/jobs?limit=101' }), 'VALIDATION_FAILED')
  assertProblem(await service.app.inject({ url: '/jobs?label=x' }), 'VALIDATION_FAILED')
  assertProblem(await service.app.inject({ url: '/jobs?cursor=nonsense' }), 'VALIDATION_FAILED')
})

test('cancel, retry and delete say no when the state says no', async () => {
  await using service = await openTestService()
  const id = await submitted(service.app)
  assertProblem(await post(service.app, `/jobs/${id}/retry`, {}), 'JOB_NOT_RETRYABLE')
  const cancel = await service.app.inject({ method: 'POST', url: `/jobs/${id}/cancel` })
  assert.equal(cancel.statusCode, 202)
  assert.equal(contract.Job.strict().parse(cancel.json()).status, 'cancelled')
  assert.equal((await service.app.inject({ method: 'POST', url: `/jobs/${id}/cancel` })).statusCode, 202)
  const retry = await service.app.inject({ method: 'POST', url: `/jobs/${id}/retry` })
  assert.equal(retry.statusCode, 202, retry.body)
  const lease = await service.claim()
  await service.settle(lease, { type: 'completed', result: null, outputs: [] })
  assertProblem(await service.app.inject({ method: 'POST', url: `/jobs/${id}/cancel` }), 'JOB_FINAL')
  assertProblem(await post(service.app, `/jobs/${id}/retry`, { failed_files_only: 1 }), 'VALIDATION_FAILED')
  assert.equal((await service.app.inject({ method: 'DELETE', url: `/jobs/${id}` })).statusCode, 204)
  assertProblem(await service.app.inject({ url: `/jobs/${id}` }), 'JOB_NOT_FOUND')
  for (const path of ['files', 'logs', 'outputs', 'events']) {
    assertProblem(await service.app.inject({ url: `/jobs/${id}/${path}` }), 'JOB_NOT_FOUND')
  }
})

test('ledger, log and outputs are answered as the contract has them', async () => {
  await using service = await openTestService()
  const ref = { bucket: 'longshore', key: 'results/x/a b.txt' }
  const { sizeBytes } = await service.store.put(ref, Buffer.from('hello'))
  const id = await submitted(service.app)
  const lease = await service.claim()
  const file = {
    index: 0,
    uri: 's3://longshore/a.bin',
    state: 'done',
    sizeBytes: 1,
    etag: null,
    sha256: null,
    error: null,
  } as const
  const line = { attempt: 1, at: 0, level: 'info', message: 'hi' } as const
  await service.jobs.save(lease, { files: [file], filesTotal: 1, logs: [line] })
  const output = { uri: 's3://longshore/results/x/a b.txt', sizeBytes, sha256: '0'.repeat(64), mediaType: 'text/plain' }
  await service.settle(lease, { type: 'completed', result: null, outputs: [output] })

  const files = await service.app.inject({ url: `/jobs/${id}/files?status=done` })
  assert.equal(contract.JobFiles.parse(files.json())[0]?.status, 'done')
  const logs = await service.app.inject({ url: `/jobs/${id}/logs?tail=5` })
  assert.equal(contract.JobLogs.parse(logs.json()).lines[0]?.message, 'hi')
  const outputs = contract.JobOutputs.parse((await service.app.inject({ url: `/jobs/${id}/outputs` })).json())
  const url = new URL(outputs.outputs[0]?.url ?? '')
  const object = await service.app.inject({ url: url.pathname + url.search })
  assert.equal(object.body, 'hello')
})
