import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Api } from '../support/api.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('SIGTERM: not ready any more, short work ends within its grace, long work goes back at no cost, exit 0', async () => {
  await using folder = await tempFolder()
  const settings = { DATA_DIR: folder.path, SHUTDOWN_GRACE_SECONDS: '1', ABORT_GRACE_SECONDS: '5' }
  await using first = await startService(settings)
  const api = new Api(first.url)
  const short = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 400 } })
  const long = await api.upload({ 'b.txt': 'b' }, { parameters: { workMs: 2000 } })
  for (const id of [short, long])
    await api.until(id, (job) => job.progress?.stage === 'processing' && job.progress.percent !== 0)

  const ended = first.kill('SIGTERM')
  const readiness = await untilStatus(`${first.url}/readyz`, 503)
  assert.match(JSON.stringify(readiness), /stopping|draining/i)
  assert.equal((await fetch(`${first.url}/jobs/${long}`)).status, 200, 'jobs can still be read while draining')
  assert.equal(await ended, 0)

  await using second = await startService(settings)
  const after = new Api(second.url)
  const shortJob = await after.job(short)
  assert.equal(shortJob.status, 'completed', 'what could end within the grace has ended')
  const longJob = await after.ended(long)
  assert.equal(longJob.status, 'completed')
  assert.equal(longJob.result?.attempt, 1, 'an interruption costs no attempt')
  assert.equal(longJob.result?.resumedFrom, 1, 'the checkpoint outlives the interruption')
  const types = (await after.events(long)).map(({ event }) => event)
  assert.ok(types.includes('job.interrupted'))
})

test('a second SIGTERM ends the service at once', async () => {
  await using folder = await tempFolder()
  await using service = await startService({ DATA_DIR: folder.path, SHUTDOWN_GRACE_SECONDS: '600' })
  const api = new Api(service.url)
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 60_000 } })
  await api.until(id, (job) => job.status === 'processing')
  const ended = service.kill('SIGTERM')
  await untilStatus(`${service.url}/readyz`, 503)
  service.kill('SIGTERM')
  assert.equal(await ended, 1)
})

test('a processor that ignores its signal is handed back when its grace is over', async () => {
  await using folder = await tempFolder()
  const settings = { DATA_DIR: folder.path, SHUTDOWN_GRACE_SECONDS: '0', ABORT_GRACE_SECONDS: '1' }
  await using first = await startService(settings)
  const api = new Api(first.url)
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 100, deafMs: 1 } })
  const deaf = await api.upload({ 'b.txt': 'b' }, { parameters: { workMs: 10_000, deafMs: 60_000 } })
  await api.until(deaf, (job) => job.status === 'processing')
  assert.equal(await first.kill('SIGTERM'), 0)
  await using second = await startService(settings)
  assert.equal((await new Api(second.url).ended(id)).status, 'completed')
  const job = await new Api(second.url).until(deaf, ({ status }) => status === 'processing')
  assert.equal(job.attempt, 1)
})

test('a second process on the same data folder is refused and says who holds it', async () => {
  await using folder = await tempFolder()
  await using first = await startService({ DATA_DIR: folder.path })
  await assert.rejects(startService({ DATA_DIR: folder.path }), (failure: Error) => {
    assert.match(failure.message, new RegExp(`process ${first.pid}|pid ${first.pid}`, 'i'))
    assert.doesNotMatch(failure.message, /\n\s+at /, 'no stack trace for a person')
    return true
  })
})

test('a wrong configuration ends the start with every fault and no stack trace', async () => {
  await assert.rejects(startService({ HOST: '0.0.0.0', MAX_CONCURRENT_JOBS: 'many' }), (failure: Error) => {
    assert.match(failure.message, /Expected MAX_CONCURRENT_JOBS to be an integer from 1 to 1000, got "many"/)
    assert.doesNotMatch(failure.message, /\n\s+at /)
    return true
  })
})

async function untilStatus(url: string, status: number): Promise<unknown> {
  for (;;) {
    const answer = await fetch(url)
    if (answer.status === status) return answer.json()
    await answer.arrayBuffer()
  }
}
