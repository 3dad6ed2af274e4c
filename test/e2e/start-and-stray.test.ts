import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { Api } from '../support/api.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

async function busyPort() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { port: String(address.port), [Symbol.asyncDispose]: async () => void server.close() }
}

test('a port in use ends the start with a sentence, and costs the jobs that wait no attempt', async () => {
  await using folder = await tempFolder()
  await using busy = await busyPort()
  const settings = { DATA_DIR: folder.path, SHUTDOWN_GRACE_SECONDS: '0', LOG_LEVEL: 'debug' }
  const first = await startService(settings)
  const id = await new Api(first.url).upload({ 'a.txt': 'a' }, { parameters: { workMs: 60_000 } })
  await new Api(first.url).until(id, (job) => job.status === 'processing')
  assert.equal(await first.kill('SIGTERM'), 0)

  await assert.rejects(startService({ ...settings, PORT: busy.port }), (failure: Error) => {
    assert.match(failure.message, /ended \(1\)/)
    assert.match(failure.message, new RegExp(`Cannot listen on 127.0.0.1:${busy.port}: another program does`))
    assert.doesNotMatch(failure.message, /\n\s+at /)
    assert.doesNotMatch(failure.message, /job\.started/)
    return true
  })
  await using second = await startService(settings)
  const job = await new Api(second.url).until(id, (each) => each.status === 'processing')
  assert.equal(job.attempt, 1)
})

test('a promise that a processor forgot fails its own job; every other goes on', async () => {
  await using folder = await tempFolder()
  await using service = await startService({ DATA_DIR: folder.path, MAX_ATTEMPTS: '1' })
  const api = new Api(service.url)
  const other = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 500 } })
  const stray = await api.ended(
    await api.upload({ 'b.txt': 'b' }, { parameters: { workMs: 60_000, stray: 'promise' } }),
  )
  assert.deepEqual([stray.status, stray.errors[0]?.code], ['failed', 'PROCESSOR_FAILED'])
  assert.match(stray.error ?? '', /nobody caught: forgotten/)
  const parameters = { stray: 'promise', strayAfterMs: 1_000 }
  const late = await api.ended(await api.upload({ 'c.txt': 'c' }, { parameters }))
  assert.equal(late.status, 'completed', 'it had ended before')
  assert.equal((await api.ended(other)).status, 'completed')
})

test('an exception that nobody caught stops the service, costs its own job an attempt, and no other', async () => {
  await using folder = await tempFolder()
  const settings = { DATA_DIR: folder.path, MAX_ATTEMPTS: '1', SHUTDOWN_GRACE_SECONDS: '0' }
  const first = await startService(settings)
  const api = new Api(first.url)
  const other = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 2_000 } })
  await api.until(other, (job) => job.status === 'processing')
  const culprit = await api.upload({ 'b.txt': 'b' }, { parameters: { workMs: 60_000, stray: 'timer' } })
  assert.equal(await first.ended, 1)
  await using second = await startService(settings)
  const again = new Api(second.url)
  assert.equal((await again.job(culprit)).status, 'failed')
  const job = await again.ended(other)
  assert.deepEqual([job.status, job.attempt], ['completed', 1])
})
