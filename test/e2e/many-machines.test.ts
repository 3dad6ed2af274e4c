import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { Api } from '../support/api.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { openSite } from '../support/site.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

/** Whether an attempt that holds is behind its last step: after the first of them it kept a checkpoint. */
function isHeld({ progress }: { progress: { percent?: number | null } | null }): boolean {
  return progress?.percent === 100
}

test('a job submitted at one replica is read, awaited and cancelled at another', { skip }, async () => {
  await using site = await openSite(server)
  const [front, back] = await Promise.all([site.start({ ROLE: 'api' }), site.start({ ROLE: 'worker' })])
  const other = await site.start({ ROLE: 'api' })
  const [submit, read] = [new Api(front.url), new Api(other.url)]
  const quick = await submit.upload({ 'a.txt': 'a' })
  assert.equal((await read.job(quick)).job_id, quick, 'every replica knows the job right after the 202')
  assert.equal((await read.ended(quick)).status, 'completed')
  assert.deepEqual((await read.events(quick)).at(-1)?.event, 'job.completed')

  const long = await submit.upload({ 'b.txt': 'b' }, { parameters: { workMs: 60_000 } })
  await read.until(long, ({ status }) => status === 'processing')
  const asked = performance.now()
  assert.equal((await fetch(`${other.url}/jobs/${long}/cancel`, { method: 'POST' })).status, 202)
  assert.equal((await submit.ended(long)).status, 'cancelled')
  assert.ok(performance.now() - asked < 3_000, 'a cancel crosses replicas without waiting for a heartbeat')

  const refused = await fetch(`${back.url}/jobs/${long}`)
  assert.equal(refused.status, 404)
  assert.match(await refused.text(), /ROLE=worker/)
  assert.equal((await fetch(`${back.url}/readyz`)).status, 200)
})

test('SIGTERM: another replica goes on from the checkpoint within two seconds, at no cost of an attempt', {
  skip,
}, async () => {
  await using site = await openSite(server)
  const [first, second] = await Promise.all([site.start({ SHUTDOWN_GRACE_SECONDS: '0' }), site.start({ ROLE: 'api' })])
  const api = new Api(second.url)
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 3_000, holdsFirst: true } })
  await api.until(id, isHeld)
  const third = await site.start()
  const stopping = performance.now()
  const ended = first.kill('SIGTERM')
  await api.until(id, ({ worker }) => worker?.includes(`-${third.pid}-`) ?? false)
  const tookMs = performance.now() - stopping
  assert.equal(await ended, 0)
  const job = await api.ended(id)
  assert.deepEqual([job.status, job.result?.attempt, job.result?.resumedFrom], ['completed', 1, 1])
  assert.ok(tookMs < 2_000, `it took ${tookMs} ms`)
})

test('SIGKILL: the jobs of the dead run elsewhere once their leases are over', { skip }, async () => {
  await using site = await openSite(server)
  const [first, second] = await Promise.all([site.start(), site.start({ ROLE: 'api' })])
  const api = new Api(second.url)
  const parameters = { workMs: 40, holdsFirst: true }
  const ids = await Promise.all(['a', 'b'].map((name) => api.upload({ name }, { parameters })))
  for (const id of ids) await api.until(id, isHeld)
  await first.kill('SIGKILL')
  await site.start()
  const heirStarted = performance.now()
  for (const id of ids) {
    const job = await api.ended(id)
    assert.deepEqual([job.status, job.result?.attempt, job.result?.resumedFrom], ['completed', 2, 1])
  }
  // A lease of 5 s, looked for every third of it; by default it is 30 s and 10 s.
  assert.ok(performance.now() - heirStarted < 25_000)
})

test('a replica that was frozen finds its lease lost, and changes nothing', { skip }, async () => {
  await using site = await openSite(server)
  const [zombie, front] = await Promise.all([site.start(), site.start({ ROLE: 'api' })])
  const api = new Api(front.url)
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { workMs: 40, holdsFirst: true } })
  await api.until(id, isHeld)
  process.kill(zombie.pid, 'SIGSTOP')
  await site.start()
  const done = await api.ended(id)
  assert.deepEqual([done.status, done.result?.attempt], ['completed', 2])
  process.kill(zombie.pid, 'SIGCONT')
  assert.equal(await zombie.kill('SIGTERM'), 0, 'it comes to its end with all it ran')
  assert.deepEqual(await api.job(id), done)
})

test('a URL that one replica signs is served by another, from the folder they share', { skip }, async () => {
  await using site = await openSite(server)
  const [front, back] = await Promise.all([site.start(), site.start({ ROLE: 'api' })])
  const api = new Api(front.url)
  const id = await api.upload({ 'a.txt': 'a' }, { parameters: { records: 3 } })
  assert.equal((await api.ended(id)).status, 'completed')
  const { outputs } = await api.get<{ outputs: { url: string; sha256: string }[] }>(`/jobs/${id}/outputs`)
  assert.ok(outputs.length > 0)
  for (const { url, sha256 } of outputs) {
    const { pathname, search } = new URL(url)
    const answer = await fetch(`${back.url}${pathname}${search}`)
    assert.equal(answer.status, 200)
    assert.equal(
      createHash('sha256')
        .update(await answer.bytes())
        .digest('hex'),
      sha256,
    )
  }
})
