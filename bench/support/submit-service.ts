import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AccessList, UNLIMITED } from '../../src/access/access-list.ts'
import { systemClock } from '../../src/base/clock.ts'
import { parseConfig } from '../../src/config.ts'
import { BulkActions } from '../../src/engine/bulk-actions.ts'
import { JobFeed } from '../../src/engine/job-feed.ts'
import { JobManager } from '../../src/engine/job-manager.ts'
import { freshJob } from '../../src/engine/record/fresh-job.ts'
import { SqliteEngine } from '../../src/engine/sqlite/sqlite-engine.ts'
import { buildServer } from '../../src/http/server.ts'
import { Ingests } from '../../src/input/ingest.ts'
import { ObjectAccess } from '../../src/input/object-access.ts'
import type { Job, NewJob } from '../../src/job/job.ts'
import { buildSchedules } from '../../src/schedule/build-schedules.ts'
import { LocalStore } from '../../src/storage/local-store.ts'
import { givenSettings } from './given-settings.ts'

/**
 * The HTTP side of a service without a worker: every submit is made durable, none is run. With the argument `run`, jobs
 * go through the whole job manager and do nothing; with `constant`, nothing is kept and every submit answers the same
 * job. Other arguments are settings, `NAME=value`.
 */
const folder = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
const clock = systemClock
const config = parseConfig({ DATA_DIR: folder, MAX_QUEUED_JOBS: '100000000', ...givenSettings() })
const identity = { name: 'bench', version: '1' }

/** Takes as long as an engine that does nothing. */
class ConstantEngine extends SqliteEngine {
  #answer: Promise<{ job: Job; replayed: boolean }> | undefined

  override insert(job: NewJob): Promise<{ job: Job; replayed: boolean }> {
    this.#answer ??= Promise.resolve({ job: freshJob(job), replayed: false })
    return this.#answer
  }
}

const Engine = process.argv.includes('constant') ? ConstantEngine : SqliteEngine
const engine = new Engine({ path: join(folder, 'longshore.db'), clock })
const rules = {
  processor: identity,
  checkParameters: () => {},
  checkCallbackUrl: () => {},
  maxAttempts: config.maxAttempts,
  timeoutMs: config.jobTimeoutMs,
  retry: config.retry,
  maxQueued: config.limits.queuedJobs,
}
const jobs = new JobManager({ engine, clock, rules })
const signingSecret = 's'.repeat(32)
const store = new LocalStore({ folder: join(folder, 'objects'), signingSecret })
const feed = new JobFeed(engine, clock)
const ingests = new Ingests({ records: engine.ingests, store, jobs, clock, settings: config })
for (const component of [engine, store, ingests]) await component.start()
const removal = { remove: async () => {} }
const webhooks = { list: async () => [], resend: () => Promise.reject(new Error('a bench sends nothing')) }
const readiness = async () => []
const objectAccess = new ObjectAccess({ ...config, jobs, records: engine.ingests })
const access = new AccessList(config.apiKeys, config.tenantLimits)
const log = { info: () => {}, warn: () => {} }
const limitsOf = () => UNLIMITED
const { schedules } = buildSchedules({ engine, jobs, clock, config, objectAccess, log, limitsOf, onError: () => {} })
const { activity } = engine
const bulk = new BulkActions({ engine, activity, clock })
const parts = {
  config,
  access,
  activity,
  bulk,
  jobs,
  feed,
  ingests,
  schedules,
  store,
  objectAccess,
  signingSecret,
  identity,
  clock,
  removal,
  webhooks,
  readiness,
}
const app = buildServer(parts)
const url = await app.listen({ host: '127.0.0.1', port: 0 })
const completions = { seen: 0, expected: Number.POSITIVE_INFINITY }
if (process.argv.includes('run')) {
  jobs.dispatch({ worker: 'bench', concurrency: 64, leaseMs: 60_000 }, async ({ lease }) => {
    await jobs.settle(lease, { type: 'completed', result: null, outputs: [] })
    completions.seen += 1
    if (completions.seen === completions.expected) process.send?.('done')
  })
}
/**
 * Tells the parent once so many more jobs are completed, what memory it takes after a collection of garbage, or that it
 * removed all objects.
 */
process.on('message', async (wanted: number | 'memory' | 'clear') => {
  if (wanted === 'memory') {
    globalThis.gc?.()
    const { rss, heapUsed: heap } = process.memoryUsage()
    process.send?.({ rss, heap })
  } else if (wanted === 'clear') {
    for await (const { key } of store.list(config.bucket, '')) await store.delete([{ bucket: config.bucket, key }])
    process.send?.('cleared')
  } else {
    completions.expected = completions.seen + wanted
  }
})
process.on('disconnect', async () => {
  await app.close()
  await engine.stop()
  rmSync(folder, { recursive: true, force: true })
})
process.send?.({ url, uri: 's3://longshore/x.txt' })
