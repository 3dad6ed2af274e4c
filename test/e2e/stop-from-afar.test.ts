import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Api, type WireJob } from '../support/api.ts'
import { watchHealth } from '../support/health-watch.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { cpuMsOf, isRunning } from '../support/processes.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const MAIN = fileURLToPath(new URL('../support/acting-main.ts', import.meta.url))
const GRACE_MS = 1_000
const TIMEOUT_MS = 2_000

/** Slowest answer of a worker while a loop without end spins in it, or below it. */
const HEALTH_MS = 50

/** A machine that is busy with other things delays answers, too; what blocks the service does so every time. */
const ROUNDS = 3

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

/** A worker whose processor never returns, and a replica that only takes requests. */
async function openPair(execution: string): Promise<{ worker: ServiceProcess; front: Api } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const objects = stack.use(await tempFolder())
  const shared = {
    DATABASE_URL: server?.url ?? '',
    DATABASE_SCHEMA: `afar_${randomBytes(5).toString('hex')}`,
    OBJECTS_DIR: objects.path,
    SIGNING_SECRET: 'a secret that both replicas share',
    ABORT_GRACE_SECONDS: String(GRACE_MS / 1_000),
    SHUTDOWN_GRACE_SECONDS: '0',
    LONGSHORE_TEST_EXECUTION: execution,
    LONGSHORE_TEST_RUN: randomUUID(),
  }
  const start = async (role: string): Promise<ServiceProcess> => {
    const data = stack.use(await tempFolder())
    return stack.use(await startService({ ...shared, ROLE: role, DATA_DIR: data.path }, MAIN))
  }
  const [worker, api] = await Promise.all([start('worker'), start('api')])
  const opened = stack.move()
  return { worker, front: new Api(api.url), [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

interface Ended {
  job: WireJob
  /** From what was to end it to its verdict. */
  tookMs: number
  slowestHealthMs: number
}

/** Lets a job spin and end, again while other work on the machine slows the worker down; answers the last round. */
async function rounds(round: () => Promise<Ended>): Promise<Ended> {
  for (let n = 1; ; n++) {
    const ended = await round()
    if (n === ROUNDS || ended.slowestHealthMs < HEALTH_MS) return ended
  }
}

/** Ends the job by `end`, while the worker's health is watched. */
async function watchedEnd(worker: ServiceProcess, front: Api, id: string, end: () => Promise<void>): Promise<Ended> {
  const startedAt = performance.now()
  await end()
  const ended = front.ended(id).then((job) => ({ job, tookMs: performance.now() - startedAt }))
  const health = await watchHealth(worker.url, ended)
  return { ...(await ended), slowestHealthMs: health.at(-1) ?? Number.POSITIVE_INFINITY }
}

/** Nothing of the loop is left: neither its process, nor a thread that takes the worker's time. */
async function assertGone(worker: ServiceProcess, pid: number): Promise<void> {
  if (pid !== worker.pid) assert.equal(isRunning(pid), false)
  const before = cpuMsOf(worker.pid)
  await delay(400)
  const usedMs = cpuMsOf(worker.pid) - before
  assert.ok(usedMs < 200, `the worker worked ${usedMs} ms of 400`)
}

for (const execution of ['thread', 'process', 'command']) {
  test(`${execution}: another replica cancels a loop without end within grace + 1 s; the worker answers at once meanwhile`, {
    skip,
  }, async () => {
    await using pair = await openPair(execution)
    const { worker, front } = pair
    const { job, tookMs, slowestHealthMs } = await rounds(async () => {
      const id = await front.upload({ 'a.txt': 'a' }, { parameters: { act: 'spin' } })
      const spinning = await front.until(id, ({ progress }) => progress?.percent === 1)
      const ended = await watchedEnd(worker, front, id, async () => {
        assert.equal((await front.post(`/jobs/${id}/cancel`)).status, 202)
      })
      await assertGone(worker, Number(spinning.progress?.message))
      return ended
    })
    assert.equal(job.status, 'cancelled')
    assert.ok(tookMs < GRACE_MS + 1_000, `cancelled after ${tookMs} ms`)
    assert.ok(slowestHealthMs < HEALTH_MS, `health took ${slowestHealthMs} ms`)
  })

  test(`${execution}: a loop without end times out within grace + 1 s; the worker answers at once meanwhile`, {
    skip,
  }, async () => {
    await using pair = await openPair(execution)
    const { worker, front } = pair
    const { job, tookMs, slowestHealthMs } = await rounds(async () => {
      const options = { timeout_seconds: TIMEOUT_MS / 1_000, max_attempts: 1, parameters: { act: 'spin' } }
      const id = await front.upload({ 'a.txt': 'a' }, options)
      const started = await front.until(id, ({ status }) => status === 'processing')
      const ended = await watchedEnd(worker, front, id, async () => {})
      await assertGone(worker, Number(started.progress?.message ?? worker.pid))
      return ended
    })
    assert.deepEqual([job.status, job.errors.map(({ code }) => code)], ['failed', ['TIMEOUT']])
    assert.ok(tookMs < TIMEOUT_MS + GRACE_MS + 1_000, `timed out after ${tookMs} ms`)
    assert.ok(slowestHealthMs < HEALTH_MS, `health took ${slowestHealthMs} ms`)
  })
}
