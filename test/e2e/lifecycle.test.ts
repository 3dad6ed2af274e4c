import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createApp } from '../../src/index.ts'
import type { Api } from '../support/api.ts'
import { FixtureProcessor } from '../support/fixture-processor.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('an app can be used with inject, without listening', async () => {
  await using folder = await tempFolder()
  const app = createApp(new FixtureProcessor(), { settings: { DATA_DIR: folder.path, LOG_LEVEL: 'silent' } })
  const answer = await app.inject({ url: '/health' })
  assert.deepEqual(answer.json(), { status: 'healthy', version: '1.2.3', name: 'fixture' })
  await app.close()
})

test("50 jobs at once never run more than 8, and none sees another's files, progress or outputs", async () => {
  await using service = await openService({ MAX_CONCURRENT_JOBS: '8' })
  const { api, processor } = service
  const ids = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      api.upload({ 'same-name.txt': `contents ${i}` }, { parameters: { workMs: 60, records: 5 } }),
    ),
  )
  for (const [i, id] of ids.entries()) {
    const job = await api.ended(id)
    assert.equal(job.status, 'completed', job.error ?? '')
    const digest = createHash('sha256').update(`contents ${i}`).digest('hex')
    assert.deepEqual(job.result?.digests, { 'same-name.txt': digest })
    const foreign = (await api.events(id)).filter(
      ({ data }) =>
        (data.progress as { message?: string } | undefined)?.message !== undefined &&
        /^[0-9a-f-]{36}$/.test(String((data.progress as { message: string }).message)) &&
        (data.progress as { message: string }).message !== id,
    )
    assert.deepEqual(foreign, [])
    await assertOutputsAreOf(api, id)
  }
  assert.equal(processor.mostRunning, 8)
  assert.deepEqual(readdirSync(join(service.dataDir, 'work')), [])
})

async function assertOutputsAreOf(api: Api, id: string): Promise<void> {
  const { outputs } = await api.get<{ outputs: { uri: string; url: string; sha256: string; size_bytes: number }[] }>(
    `/jobs/${id}/outputs`,
  )
  assert.deepEqual(outputs.map(({ uri }) => uri.split('/').pop()).sort(), [
    'artifacts_00000.json',
    'artifacts_00000.tar',
    'responses_00000.jsonl',
    'results.json',
  ])
  for (const output of outputs) {
    assert.ok(output.uri.startsWith(`s3://longshore/results/${id}/`), output.uri)
    const bytes = Buffer.from(await (await fetch(output.url)).arrayBuffer())
    assert.equal(bytes.length, output.size_bytes)
    assert.equal(createHash('sha256').update(bytes).digest('hex'), output.sha256)
    if (output.uri.endsWith('.jsonl')) {
      const rows = bytes
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      assert.deepEqual(
        rows,
        Array.from({ length: 5 }, (_, i) => ({ job: id, i })),
      )
    }
  }
}

test("a failing job is tried again, tells every attempt's error, and keeps outputs of the winning attempt alone", async () => {
  await using service = await openService()
  const { api } = service
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { failUntil: 3, records: 2 } })
  const job = await api.ended(id)
  assert.equal(job.status, 'completed')
  assert.equal(job.attempt, 3)
  assert.deepEqual(
    job.errors.map(({ attempt, code }) => ({ attempt, code })),
    [
      { attempt: 1, code: 'PROCESSOR_FAILED' },
      { attempt: 2, code: 'PROCESSOR_FAILED' },
    ],
  )
  const { outputs } = await api.get<{ outputs: { uri: string }[] }>(`/jobs/${id}/outputs`)
  assert.ok(outputs.length > 0)
  assert.ok(outputs.every(({ uri }) => uri.startsWith(`s3://longshore/results/${id}/attempt-3/`)))
})

test('a job out of attempts is failed, can be retried by a person, and then has fresh attempts', async () => {
  await using service = await openService({ MAX_ATTEMPTS: '2' })
  const { api } = service
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { failUntil: 4 } })
  const failed = await api.ended(id)
  assert.equal(failed.status, 'failed')
  assert.equal(failed.error, 'attempt 2 failed')
  assert.equal((await api.post(`/jobs/${id}/retry`)).status, 202)
  const completed = await api.ended(id)
  assert.equal(completed.status, 'completed')
  assert.equal(completed.attempt, 4)
})

test('an unrecoverable error and a wrong result fail a job at once, each with its reason', async () => {
  await using service = await openService()
  const { api } = service
  const unrecoverable = await api.ended(await api.upload({ 'a.txt': 'a' }, { parameters: { fail: 'unrecoverable' } }))
  assert.deepEqual(
    [unrecoverable.status, unrecoverable.attempt, unrecoverable.error],
    ['failed', 1, 'this can never work'],
  )
  const wrong = await api.ended(await api.upload({ 'a.txt': 'a' }, { parameters: { fail: 'bad-result' } }))
  assert.deepEqual([wrong.status, wrong.attempt], ['failed', 1])
  assert.match(wrong.error ?? '', /\/result\/attempt/)
})

test('a snoozed job runs later as the same attempt', async () => {
  await using service = await openService()
  const job = await service.api.ended(await service.api.upload({ 'a.txt': 'a' }, { parameters: { snoozeOnceMs: 50 } }))
  assert.deepEqual([job.status, job.attempt], ['completed', 1])
})

test('a running job says cancelled only once its work has stopped', async () => {
  await using service = await openService()
  const { api, processor } = service
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 60_000, deafMs: 300 } })
  await api.until(id, (job) => job.progress?.stage === 'processing')
  const answer = await api.post(`/jobs/${id}/cancel`)
  assert.equal(answer.status, 202)
  const asked = await api.job(id)
  assert.notEqual(asked.cancel_requested_at, null)
  assert.equal(asked.status, 'processing')
  assert.equal(processor.running, 1)
  const job = await api.ended(id)
  assert.equal(job.status, 'cancelled')
  assert.equal(processor.running, 0)
  assert.equal((await api.post(`/jobs/${id}/cancel`)).status, 202, 'asking again is harmless')
})

test('a queued job is cancelled at once', async () => {
  await using service = await openService({ MAX_CONCURRENT_JOBS: '1' })
  const { api } = service
  const blocker = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 60_000 } })
  const waiting = await api.upload({ 'b.txt': 'b' })
  await api.post(`/jobs/${waiting}/cancel`)
  assert.equal((await api.job(waiting)).status, 'cancelled')
  await api.post(`/jobs/${blocker}/cancel`)
  await api.ended(blocker)
})

test('an attempt that takes longer than its time limit ends as TIMEOUT', async () => {
  await using service = await openService({ MAX_ATTEMPTS: '1' })
  const id = await service.api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 60_000 }, timeout_seconds: 0.2 })
  const job = await service.api.ended(id)
  assert.equal(job.status, 'failed')
  assert.equal(job.errors[0]?.code, 'TIMEOUT')
})

test('a job whose input does not exist, or whose manifest cannot be read, fails at once and names the URI', async () => {
  await using service = await openService()
  const { api } = service
  const missing = await api.ended(await api.submit(['s3://longshore/no/such/file.bin']))
  assert.deepEqual([missing.status, missing.attempt], ['failed', 1])
  assert.match(missing.error ?? '', /s3:\/\/longshore\/no\/such\/file\.bin/)
  const answer = await api.post('/jobs', { manifest_uri: 's3://longshore/no/such/manifest.json' })
  const unread = await api.ended(((await answer.json()) as { job_id: string }).job_id)
  assert.deepEqual([unread.status, unread.attempt], ['failed', 1])
  assert.match(unread.error ?? '', /s3:\/\/longshore\/no\/such\/manifest\.json/)
})

test("the ledger tells each file's size and state, the log its lines", async () => {
  await using service = await openService()
  const { api } = service
  const id = await api.upload({ 'a.txt': 'aaaa', 'b.txt': 'bb' })
  const job = await api.ended(id)
  assert.deepEqual(job.files, { total: 2, done: 2, failed: 0, bytes: 6 })
  const rows = await api.get<{ index: number; status: string; size_bytes: number }[]>(`/jobs/${id}/files`)
  assert.deepEqual(
    rows.map(({ index, status, size_bytes }) => ({ index, status, size_bytes })),
    [
      { index: 0, status: 'done', size_bytes: 4 },
      { index: 1, status: 'done', size_bytes: 2 },
    ],
  )
  const { lines } = await api.get<{ lines: { message: string; attempt: number }[] }>(`/jobs/${id}/logs`)
  assert.deepEqual(
    lines.map(({ attempt, message }) => ({ attempt, message })),
    [{ attempt: 1, message: 'attempt 1 begins' }],
  )
})

test('deleting a job takes its uploads and outputs with it; a running job cannot be deleted', async () => {
  await using service = await openService()
  const { api, dataDir } = service
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { records: 2 } })
  await api.ended(id)
  assert.ok(existsSync(join(dataDir, 'objects/longshore/results', id)))
  assert.equal((await fetch(`${api.url}/jobs/${id}`, { method: 'DELETE' })).status, 204)
  assert.equal((await fetch(`${api.url}/jobs/${id}`)).status, 404)
  for (const prefix of ['results', 'datasets']) assert.ok(!existsSync(join(dataDir, 'objects/longshore', prefix, id)))
  const running = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 60_000 } })
  await api.until(running, (job) => job.status === 'processing')
  assert.equal((await fetch(`${api.url}/jobs/${running}`, { method: 'DELETE' })).status, 409)
  await api.post(`/jobs/${running}/cancel`)
  await api.ended(running)
})
