import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Api } from '../support/api.ts'
import { watchHealth } from '../support/health-watch.ts'
import { isRunning, processesWith } from '../support/processes.ts'
import { startService } from '../support/service-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const MAIN = fileURLToPath(new URL('../support/acting-main.ts', import.meta.url))
const GRACE_MS = 1_000

/** A service whose every process carries the mark, and whose processor never returns. */
async function openSpinning(execution: string) {
  const folder = await tempFolder()
  const run = randomUUID()
  const service = await startService(
    {
      DATA_DIR: folder.path,
      SHUTDOWN_GRACE_SECONDS: '0',
      ABORT_GRACE_SECONDS: String(GRACE_MS / 1000),
      LONGSHORE_TEST_EXECUTION: execution,
      LONGSHORE_TEST_RUN: run,
    },
    MAIN,
  )
  const api = new Api(service.url)
  /** Answers once the loop spins, with the id of the process it spins in. */
  const spin = async (options: Record<string, unknown> = {}) => {
    const id = await api.upload({ 'a.txt': 'a' }, { parameters: { act: 'spin' }, ...options })
    const job = await api.until(id, ({ progress }) => progress?.percent === 1)
    return { id, pid: Number(job.progress?.message) }
  }
  return {
    service,
    api,
    spin,
    run,
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

for (const execution of ['thread', 'process', 'command']) {
  test(`${execution}: a loop without end is cancelled within grace + 1 s, health answers meanwhile, no process is left`, async () => {
    await using spinning = await openSpinning(execution)
    const { api, service } = spinning
    const { id, pid } = await spinning.spin()
    const askedAt = performance.now()
    assert.equal((await api.post(`/jobs/${id}/cancel`)).status, 202)
    const ended = api.ended(id)
    const health = await watchHealth(service.url, ended)
    assert.equal((await ended).status, 'cancelled')
    const tookMs = performance.now() - askedAt
    assert.ok(tookMs < GRACE_MS + 1_000, `cancelled after ${tookMs} ms`)
    assert.ok((health[Math.floor(health.length * 0.9)] ?? 0) < 50, `health took ${health.join(' ')} ms`)
    if (pid !== service.pid) assert.equal(isRunning(pid), false)
    const next = await api.upload({ 'a.txt': 'a' }, {})
    assert.equal((await api.ended(next)).status, 'completed')
  })

  test(`${execution}: a loop without end that runs out of time fails with TIMEOUT, and is gone then`, async () => {
    await using spinning = await openSpinning(execution)
    const { id, pid } = await spinning.spin({ timeout_seconds: 2, max_attempts: 1 })
    const job = await spinning.api.ended(id)
    assert.deepEqual([job.status, job.errors.map(({ code }) => code)], ['failed', ['TIMEOUT']])
    if (pid !== spinning.service.pid) assert.equal(isRunning(pid), false)
  })

  test(`${execution}: nothing outlives a service that is killed`, async () => {
    await using spinning = await openSpinning(execution)
    const { pid } = await spinning.spin()
    assert.ok(isRunning(pid))
    assert.ok(processesWith(spinning.run).length > 0)
    await spinning.service.kill('SIGKILL')
    const deadline = performance.now() + 5_000
    while (processesWith(spinning.run).length > 0 && performance.now() < deadline) await delay(20)
    assert.deepEqual(processesWith(spinning.run), [])
  })

  test(`${execution}: a stop ends what runs and leaves no process`, async () => {
    await using spinning = await openSpinning(execution)
    await spinning.spin()
    await spinning.service.kill('SIGTERM')
    assert.deepEqual(processesWith(spinning.run), [])
  })
}
