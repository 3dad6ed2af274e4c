import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { test } from 'node:test'
import { UnrecoverableError } from '../../src/index.ts'
import { openScriptedService } from '../support/scripted-service.ts'

interface Row {
  index: number
  status: string
  error: string | null
}

const FILES = { 'a.txt': 'aa', 'b.txt': 'bbb', 'c.txt': 'cccc', 'd.txt': 'd' }
const ONLY_FAILED = { failed_files_only: true }

test('a retry of failed files gives the processor those alone, with its checkpoint, and completes the ledger', async () => {
  const seen: string[][] = []
  await using service = await openScriptedService(async (input) => {
    seen.push(input.localPaths.map((path) => basename(path)))
    if (seen.length > 1) return { checkpoint: input.checkpoint.load() }
    const [a, b, c] = input.files
    assert.ok(a && b && c)
    input.markFile(a, 'done')
    input.markFile(b, 'failed', 'no cells in it')
    input.markFile(c, 'skipped')
    await input.checkpoint.save('a is done')
    throw new UnrecoverableError('b failed')
  })
  const { api } = service
  const id = await api.upload(FILES)
  assert.equal((await api.ended(id)).status, 'failed')
  const rows = await api.get<Row[]>(`/jobs/${id}/files`)
  assert.deepEqual(
    rows.map(({ status, error }) => [status, error]),
    [
      ['done', null],
      ['failed', 'no cells in it'],
      ['skipped', null],
      ['downloaded', null],
    ],
  )

  assert.equal((await api.post(`/jobs/${id}/retry`, ONLY_FAILED)).status, 202)
  const job = await api.ended(id)
  assert.equal(job.status, 'completed', job.error ?? '')
  assert.deepEqual(seen[1], ['b.txt', 'd.txt'])
  assert.deepEqual(job.result, { checkpoint: 'a is done' })
  assert.deepEqual(job.files, { total: 4, done: 3, failed: 0, bytes: 6 })
  const after = await api.get<Row[]>(`/jobs/${id}/files`)
  assert.deepEqual(
    after.map(({ status, error }) => [status, error]),
    [
      ['done', null],
      ['done', null],
      ['skipped', null],
      ['done', null],
    ],
  )
  assert.equal((await api.post(`/jobs/${id}/retry`, ONLY_FAILED)).status, 409, 'a completed job is not retried')
})

test('files that no attempt has come to are among the failed ones', async () => {
  const seen: number[] = []
  const held = Promise.withResolvers<void>()
  await using service = await openScriptedService(
    async ({ parameters, files }) => {
      if (parameters === 'hold') return held.promise
      seen.push(files.length)
      return null
    },
    { MAX_CONCURRENT_JOBS: '1' },
  )
  const { api } = service
  const blocker = await api.upload({ 'x.txt': 'x' }, { parameters: '"hold"' })
  await api.until(blocker, (job) => job.status === 'processing')
  const id = await api.upload(FILES)
  assert.equal((await api.post(`/jobs/${id}/cancel`)).status, 202)
  assert.equal((await api.job(id)).status, 'cancelled', 'before it was ever begun')
  assert.equal((await api.post(`/jobs/${id}/retry`, ONLY_FAILED)).status, 202)
  held.resolve()
  assert.equal((await api.ended(id)).status, 'completed')
  assert.deepEqual(seen, [4])
})

test('a job with a missing input works on all its files once that is there', async () => {
  const seen: number[] = []
  const held = Promise.withResolvers<void>()
  await using service = await openScriptedService(async ({ parameters, files, outputs }) => {
    if (parameters === null) return seen.push(files.length)
    await held.promise
    await outputs.file('late.txt').write('late')
    return null
  })
  const { api } = service
  const maker = await api.upload({ 'a.txt': 'a' }, { parameters: '"make"' })
  const id = await api.submit([`s3://longshore/datasets/${maker}/a.txt`, `s3://longshore/results/${maker}/late.txt`])
  const failed = await api.ended(id)
  assert.equal(failed.status, 'failed')
  assert.match(failed.error ?? '', /late\.txt/)
  held.resolve()
  assert.equal((await api.ended(maker)).status, 'completed')
  await api.post(`/jobs/${id}/retry`, ONLY_FAILED)
  assert.equal((await api.ended(id)).status, 'completed')
  assert.deepEqual(seen, [2])
})
