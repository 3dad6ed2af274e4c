import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Api, type WireJob } from '../support/api.ts'
import { startPgbouncer } from '../support/pgbouncer.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const SERVER_CONNECTIONS = 4
const JOBS = 60

const server = await startPostgres()
const pooler = server && (await startPgbouncer(server.url, SERVER_CONNECTIONS))
const skip = pooler ? false : 'there is no PostgreSQL, or no PgBouncer, to test against'
after(async () => {
  await pooler?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

/** Replicas that reach the database through the pooler, and listen at the server itself. */
async function openSite() {
  const stack = new AsyncDisposableStack()
  const objects = stack.use(await tempFolder())
  const shared = {
    DATABASE_URL: pooler?.url ?? '',
    DATABASE_LISTEN_URL: server?.url ?? '',
    DATABASE_SCHEMA: `pooled_${randomBytes(5).toString('hex')}`,
    OBJECTS_DIR: objects.path,
    SIGNING_SECRET: 'a secret that all replicas of this site share',
    MAX_CONCURRENT_JOBS: '8',
  }
  return {
    async start(settings: Record<string, string> = {}): Promise<ServiceProcess> {
      const data = stack.use(await tempFolder())
      return stack.use(await startService({ ...shared, DATA_DIR: data.path, ...settings }))
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Requests that fall into the gap are answered 503: they are made again. */
async function endedAtLast(api: Api, id: string): Promise<WireJob> {
  for (;;) {
    const job = await api.ended(id).catch(() => undefined)
    if (job) return job
    await pause(50)
  }
}

test('two replicas share a pooler in transaction mode: jobs run, waiters hear, cancels cross', { skip }, async () => {
  await using site = await openSite()
  const [front, back] = await Promise.all([site.start({ ROLE: 'api' }), site.start({ ROLE: 'worker' })])
  const api = new Api(front.url)
  const ids = await Promise.all(
    Array.from({ length: JOBS }, (_, n) => api.upload({ 'a.txt': String(n) }, { parameters: { records: 2 } })),
  )
  for (const id of ids) {
    const job = await api.ended(id)
    assert.deepEqual([job.status, job.attempt, job.worker?.includes(`-${back.pid}-`) ?? true], ['completed', 1, true])
  }
  const long = await api.upload({ 'b.txt': 'b' }, { parameters: { workMs: 60_000 } })
  await api.until(long, ({ status }) => status === 'processing')
  assert.equal((await api.post(`/jobs/${long}/cancel`)).status, 202)
  assert.equal((await api.ended(long)).status, 'cancelled')
})

test('a pooler that is killed and started again loses no job that was accepted', { skip }, async () => {
  await using site = await openSite()
  const [front] = await Promise.all([site.start(), site.start()])
  const api = new Api(front.url)
  const submitted = await Promise.all(
    Array.from({ length: JOBS }, (_, n) => api.upload({ 'a.txt': String(n) }, { parameters: { workMs: 100 } })),
  )
  await pooler?.restart()
  for (const id of submitted) assert.equal((await endedAtLast(api, id)).status, 'completed')
})

test('a pooler where the server itself must answer is named at the start', { skip }, async () => {
  await using site = await openSite()
  await assert.rejects(site.start({ DATABASE_LISTEN_URL: '' }), /DATABASE_LISTEN_URL/)
})
