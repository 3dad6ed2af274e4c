import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { AccessList } from '../../src/access/access-list.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { type Config, parseConfig } from '../../src/config.ts'
import { BulkActions } from '../../src/engine/bulk-actions.ts'
import { JobFeed } from '../../src/engine/job-feed.ts'
import { JobManager, type JobRules } from '../../src/engine/job-manager.ts'
import { QueueDrain } from '../../src/engine/queue-drain.ts'
import { SqliteEngine } from '../../src/engine/sqlite/sqlite-engine.ts'
import { basePathOf } from '../../src/http/origin.ts'
import { buildServer } from '../../src/http/server.ts'
import { endViewer } from '../../src/http/webhook-view.ts'
import { Ingests } from '../../src/input/ingest.ts'
import { ObjectAccess } from '../../src/input/object-access.ts'
import type { JsonValue, Lease } from '../../src/job/job.ts'
import type { Outcome } from '../../src/job/settlement.ts'
import { buildSchedules } from '../../src/schedule/build-schedules.ts'
import { LocalStore } from '../../src/storage/local-store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { checkCallbackUrl } from '../../src/webhook/callback-url.ts'
import { Webhooks } from '../../src/webhook/webhooks.ts'
import { tempFolder } from './temp-folder.ts'

const SECRET = 'a signing secret for tests, long enough'

/** How a test's service differs from the default. */
export interface TestServiceOptions {
  settings?: Record<string, string>
  clock?: Clock
  checkParameters?: (parameters: JsonValue) => void
  readiness?: () => Promise<string[]>
  /** Another store in front of the local one, e.g. one that fails. */
  wrapStore?: (store: LocalStore) => ObjectStore
  /** Changes of the configuration that no setting allows, e.g. a time limit of milliseconds. */
  limits?: Partial<Config['limits']>
  /** Lines the service would log. */
  logged?: unknown[]
}

/** The HTTP side of a service on a fresh folder, with no worker: the test claims and settles jobs itself. */
export async function openTestService(options: TestServiceOptions = {}) {
  const folder = await tempFolder()
  const clock = options.clock ?? systemClock
  const config = configOf(folder.path, options)
  const describeEnd = endViewer(basePathOf(config.publicUrl))
  const engine = new SqliteEngine({ path: join(folder.path, 'longshore.db'), clock, describeEnd })
  const access = new AccessList(config.apiKeys, config.tenantLimits)
  const limitsOf = (tenant: string | null) => access.limitsOf(tenant)
  const rules = { ...rulesOf(config, options), limitsOf }
  const jobs = new JobManager({ engine, clock, rules, drain: new QueueDrain(engine.activity, clock) })
  const local = new LocalStore({ folder: join(folder.path, 'objects'), signingSecret: SECRET })
  const store = options.wrapStore?.(local) ?? local
  const feed = new JobFeed(engine, clock)
  const ingests = new Ingests({ records: engine.ingests, store, jobs, clock, settings: config, limitsOf })
  const objectAccess = new ObjectAccess({ ...config, jobs, records: engine.ingests })
  const log = { info: () => {}, warn: () => {} }
  const ground = { engine, jobs, clock, config, objectAccess, log, limitsOf, onError: () => {} }
  const { schedules, scheduler } = buildSchedules(ground)
  const components = [engine, store, ingests, scheduler]
  for (const component of components) await component.start()
  const removal = { remove: async (id: string) => void (await jobs.forget(id)) }
  const app = buildServer({
    config,
    access,
    jobs,
    feed,
    activity: engine.activity,
    bulk: new BulkActions({ engine, activity: engine.activity, clock }),
    ingests,
    store,
    objectAccess,
    schedules,
    signingSecret: SECRET,
    removal,
    webhooks: new Webhooks({ jobs, records: engine.deliveries, isOn: config.webhooks.secrets.length > 0 }),
    identity: { name: 'test', version: '1.2.3' },
    readiness: options.readiness ?? (async () => []),
    clock,
    logger: options.logged
      ? { level: 'warn', stream: { write: (line) => options.logged?.push(JSON.parse(line)) } }
      : false,
  })
  return {
    app,
    access,
    config,
    engine,
    jobs,
    store,
    ingests,
    folder: folder.path,
    /** Listens on a free port and answers the address. */
    listen: () => listen(app),
    /** Claims the one job that is due and hands over its lease. */
    claim: () => claim(jobs),
    settle: (lease: Lease, outcome: Outcome) => jobs.settle(lease, outcome),
    [Symbol.asyncDispose]: async () => {
      await app.close()
      for (const component of components.toReversed()) await component.stop()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export type TestService = Awaited<ReturnType<typeof openTestService>>

/** Every object and every part of an unfinished upload; empty when nothing was written. */
export async function everythingStored(service: TestService): Promise<string[]> {
  const { readdir } = await import('node:fs/promises')
  const entries = await readdir(join(service.folder, 'objects'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

/** Whether neither a job nor an ingest nor an object is there. */
export async function nothingWritten(service: TestService): Promise<boolean> {
  const { items } = await service.jobs.list({ limit: 1 })
  const open = await service.engine.ingests.countOpen()
  return items.length === 0 && open === 0 && (await everythingStored(service)).length === 0
}

function configOf(folder: string, { settings, limits }: TestServiceOptions): Config {
  const config = parseConfig({ DATA_DIR: folder, ...settings })
  return { ...config, limits: { ...config.limits, ...limits } }
}

function rulesOf(config: Config, options: TestServiceOptions): JobRules {
  return {
    processor: { name: 'test', version: '1.2.3' },
    checkParameters: options.checkParameters ?? (() => {}),
    checkCallbackUrl: (url) => checkCallbackUrl(url, config.webhooks),
    maxAttempts: config.maxAttempts,
    timeoutMs: config.jobTimeoutMs,
    retry: config.retry,
    maxQueued: config.limits.queuedJobs,
  }
}

async function listen(app: FastifyInstance): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

async function claim(jobs: JobManager): Promise<Lease> {
  const claimed = Promise.withResolvers<Lease>()
  const dispatch = jobs.dispatch({ worker: 'test', concurrency: 1, leaseMs: 60_000 }, async ({ lease }) => {
    claimed.resolve(lease)
  })
  const lease = await claimed.promise
  await dispatch.stop()
  return lease
}
