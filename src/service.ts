import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { AccessList } from './access/access-list.ts'
import { KeysFile } from './access/keys-file.ts'
import type { TenantConcurrency, TenantLimits } from './access/tenant-limits.ts'
import type { Clock } from './base/clock.ts'
import { messageOf } from './base/errors.ts'
import { type Component, Lifecycle } from './base/lifecycle.ts'
import { type Config, loadConfig } from './config.ts'
import type { Presence } from './engine/activity.ts'
import { BulkActions } from './engine/bulk-actions.ts'
import { JobFeed } from './engine/job-feed.ts'
import { JobManager, type JobRules } from './engine/job-manager.ts'
import { openEngine, type ServiceEngine } from './engine/open-engine.ts'
import { QueueDrain } from './engine/queue-drain.ts'
import { Retention } from './engine/retention.ts'
import { type DataDirLock, lockDataDir } from './engine/sqlite/data-dir-lock.ts'
import { answerHealthOnly } from './http/health-only.ts'
import { basePathOf } from './http/origin.ts'
import { buildServer } from './http/server.ts'
import { endViewer } from './http/webhook-view.ts'
import { Ingests } from './input/ingest.ts'
import { ObjectAccess } from './input/object-access.ts'
import { type Instruments, openInstruments, watchAdapters } from './instruments.ts'
import { NO_RESOURCES, type Resources } from './job/resources.ts'
import { openOutputs } from './output/open-outputs.ts'
import { checkParameters } from './processor/checks.ts'
import type { ExecutionKind } from './processor/execution-kind.ts'
import type { Executor } from './processor/executor.ts'
import { refuseWithinHost } from './processor/hosted/load-processor.ts'
import { declaredNeeds } from './processor/needs.ts'
import { type AnyProcessor, openExecutor } from './processor/open-executor.ts'
import { buildSchedules } from './schedule/build-schedules.ts'
import type { GivenSettings } from './setting-layers.ts'
import { LocalStore } from './storage/local-store.ts'
import type { ObjectStore } from './storage/object-store.ts'
import { S3Store } from './storage/s3-store.ts'
import { loadSigningSecret } from './storage/signing-secret.ts'
import { AttemptWatch } from './telemetry/attempt-watch.ts'
import { logDeliveries } from './telemetry/delivery-log.ts'
import { JobLog } from './telemetry/job-log.ts'
import { checkCallbackUrl } from './webhook/callback-url.ts'
import { Deliverer } from './webhook/deliverer.ts'
import { systemResolve } from './webhook/host-lookup.ts'
import { Poster } from './webhook/post.ts'
import { isPublicAddress } from './webhook/public-address.ts'
import { Webhooks } from './webhook/webhooks.ts'
import { type AttemptParts, runAttempt } from './worker/attempt.ts'
import { findBudget } from './worker/budget.ts'
import { LeaseKeeper } from './worker/lease-keeper.ts'
import { Maintenance } from './worker/maintenance.ts'
import { Rescue } from './worker/rescue.ts'
import { WorkFolders } from './worker/work-folders.ts'
import { Worker } from './worker/worker.ts'

/** How a service is made. */
export interface AppOptions {
  /** Settings by name, e.g. `{ PORT: 0 }`; they win over the environment and `.env`. */
  settings?: GivenSettings
  /** A pino logger of your own, which sees to its secrets itself; unless given, JSON lines on stdout from `LOG_LEVEL` up. */
  logger?: Logger
  /** How the processor's code is run; `inline`, on the service's own event loop, unless given. */
  execution?: ExecutionKind
}

/**
 * Makes the HTTP service of a processor. It starts, folder, engine, store, processor and worker, when the app gets ready
 * (by `listen`, `ready` or `inject`), and stops in reverse order with `close`, which hands unfinished jobs back.
 *
 * Throws `CONFIG_INVALID`, `DATA_DIR_UNUSABLE`; getting ready throws `DATA_DIR_LOCKED` and whatever keeps a part from starting.
 */
export function createApp(processor: AnyProcessor, options: AppOptions = {}): FastifyInstance {
  return buildService(processor, options, { works: 'when ready' }).app
}

/** A service that was built and not started. */
export interface Service {
  app: FastifyInstance
  config: Config
  log: Logger
  /** Begins to work on jobs, unless it has. */
  work(): Promise<void>
  /** Takes no more work and lets what runs come to its end; the service still answers. */
  drain(): Promise<void>
  /** Sends the spans that OpenTelemetry still holds, where it is set up; rejects when it cannot. */
  flushTraces(): Promise<void>
}

/** Whether a service takes work. */
interface WorkState {
  started: boolean
  draining: boolean
}

/** What every part of a service is built from. */
interface Ground extends Instruments {
  processor: AnyProcessor
  config: Config
  presence: Presence
  clock: Clock
  /** What the attempts of this process may need together. */
  budget: Resources
}

/** The parts that the HTTP side and the worker side share. */
interface Floor extends Ground {
  engine: ServiceEngine
  store: ObjectStore
  jobs: JobManager
  objectAccess: ObjectAccess
}

/** Builds every adapter and wires the rooms. Throws `CONFIG_INVALID`, `DATA_DIR_UNUSABLE`. */
export function buildService(
  processor: AnyProcessor,
  options: AppOptions,
  { works }: { works: 'when ready' | 'when asked' },
): Service {
  refuseWithinHost()
  const config = loadConfig(options.settings)
  const secret = config.signingSecret ?? loadSigningSecret(config.dataDir)
  const instruments = openInstruments(config, secret, options.logger)
  const { log, onError } = instruments
  const presence: Presence = { name: workerName(config), role: config.role }
  const opened = openEngine(config, presence, onError, endViewer(basePathOf(config.publicUrl)))
  const budget = findBudget(config.worker, config.dataDir)
  const ground: Ground = { ...instruments, processor, config, presence, clock: opened.clock, budget }
  const state = { started: false, draining: false }
  const { engine, store, metrics } = watchAdapters(instruments, config, {
    ...ground,
    engine: opened.engine,
    store: openStore(config, secret),
    slots: () => (partsOf(config).runsJobs && state.started && !state.draining ? config.maxConcurrentJobs : 0),
    resources: () => ({ budget: partsOf(config).runsJobs ? budget : NO_RESOURCES, used: worker.used }),
  })
  const access = new AccessList(config.apiKeys, config.tenantLimits)
  const limitsOf = (tenant: string | null): TenantLimits => access.limitsOf(tenant)
  const rules = { ...rulesOf(ground), limitsOf }
  const jobs = new JobManager({
    engine,
    clock: ground.clock,
    rules,
    drain: new QueueDrain(engine.activity, ground.clock),
  })
  const objectAccess = new ObjectAccess({ ...config, jobs, records: engine.ingests })
  const floor: Floor = { ...ground, engine, store, jobs, objectAccess }

  const { schedules, scheduler } = buildSchedules({ ...floor, limitsOf })
  const feed = new JobFeed(engine, floor.clock)
  const ingests = new Ingests({
    ...floor,
    records: engine.ingests,
    settings: config,
    limitsOf,
    alone: config.database === undefined,
    onFault: onError,
  })
  const retention = new Retention({ ...config, ...floor, ingests: engine.ingests })
  const { executor, below } = openExecutor(processor, options.execution, { ...ground, ...config })
  const { worker, leases } = buildWorker(floor, executor, () => access.concurrency)
  const { takesRequests, runsJobs } = partsOf(config)
  const lifecycle = new Lifecycle([
    holdFolder(config.dataDir, floor.clock),
    engine,
    floor.store,
    ...watchKeys(access, ground),
    ...(takesRequests ? [ingests] : []),
    ...(runsJobs ? [...below, executor] : []),
  ])
  const labour = new Lifecycle([
    ...(config.webhooks.secrets.length > 0 ? [buildDeliverer(floor)] : []),
    ...(runsJobs
      ? [worker, new Maintenance({ retention, activity: engine.activity, clock: floor.clock, onError })]
      : []),
    ...(config.database ? [new Rescue({ ...floor, leaseMs: config.leaseMs, beat: () => leases.beat() })] : []),
    ...(takesRequests ? [scheduler] : []),
  ])

  const app = buildServer({
    ...floor,
    access,
    feed,
    activity: engine.activity,
    bulk: new BulkActions({ ...floor, activity: engine.activity }),
    ingests,
    schedules,
    removal: retention,
    webhooks: new Webhooks({ jobs, records: engine.deliveries, isOn: config.webhooks.secrets.length > 0 }),
    identity: { name: processor.name, version: processor.version },
    logger: log,
    readiness: () => reasonsNotReady(floor, state),
    signingSecret: secret,
    ...(metrics && { metrics }),
  })
  if (!takesRequests) answerHealthOnly(app)
  const drain = async (): Promise<void> => {
    state.draining = true
    await worker.stop()
  }
  const work = async (): Promise<void> => {
    await labour.start()
    state.started = true
  }
  app.addHook('onReady', async () => {
    await lifecycle.start()
    if (works === 'when ready') await work()
  })
  app.addHook('preClose', drain)
  app.addHook('onClose', () => labour.stop().finally(() => lifecycle.stop()))
  const flushTraces = async (): Promise<void> => instruments.tracing?.flush()
  return { app, config, log, work, drain, flushTraces }
}

/** Takes over what changes in `API_KEYS_FILE`. */
function watchKeys(access: AccessList, { config, log, redact, onError }: Ground): Component[] {
  if (config.apiKeysFile === undefined) return []
  const onChange = (keys: number): void => log.info(`API_KEYS_FILE has changed: ${keys} keys are let in`)
  return [new KeysFile({ path: config.apiKeysFile, access, learn: redact.learn, onChange, onFault: onError })]
}

/** What a replica of this role is there for. */
function partsOf({ role }: Config): { takesRequests: boolean; runsJobs: boolean } {
  return { takesRequests: role !== 'worker', runsJobs: role !== 'api' }
}

function holdFolder(folder: string, clock: Clock): Component {
  let lock: DataDirLock | undefined
  return {
    start: async () => {
      lock = await lockDataDir(folder, clock)
    },
    stop: async () => lock?.release(),
  }
}

function openStore({ storage, bucket }: Config, signingSecret: string): ObjectStore {
  if (storage.kind === 'local') return new LocalStore({ ...storage, signingSecret })
  return new S3Store({ ...storage, bucket })
}

function rulesOf({ processor, config, budget }: Ground): JobRules {
  const resourcesFor = declaredNeeds(processor)
  return {
    processor: { name: processor.name, version: processor.version },
    checkParameters: (parameters) => checkParameters(processor.parametersSchema, parameters),
    checkCallbackUrl: (url) => checkCallbackUrl(url, config.webhooks),
    ...(resourcesFor && { resourcesFor }),
    ...(config.database === undefined && { onlyBudget: budget }),
    groupConcurrency: config.groupConcurrency,
    maxAttempts: config.maxAttempts,
    timeoutMs: config.jobTimeoutMs,
    retry: config.retry,
    maxQueued: config.limits.queuedJobs,
  }
}

/** A stop lets webhooks that are under way go on for so long, in ms: those cut off are sent again, with the same id. */
const WEBHOOK_GRACE_MS = 2_000

function buildDeliverer({ config, engine, clock, log, facts, tracing, onError }: Floor): Deliverer {
  const { webhooks, shutdownGraceMs } = config
  const graceMs = Math.min(WEBHOOK_GRACE_MS, shutdownGraceMs)
  const { allowPrivate, timeoutMs } = webhooks
  const accepts = (address: string): boolean => allowPrivate || isPublicAddress(address)
  const poster = new Poster({ clock, timeoutMs, resolve: systemResolve, accepts })
  const logTried = logDeliveries(log)
  return new Deliverer({
    ...webhooks,
    ...{ clock, graceMs, onError },
    records: engine.deliveries,
    userAgent: 'longshore',
    ...(tracing && { tracing }),
    post: (post, signal) => poster.post(post, signal),
    told: (tried) => {
      logTried(tried)
      facts.tell(tried)
    },
  })
}

function buildWorker(
  floor: Floor,
  executor: Executor,
  tenantConcurrency: () => TenantConcurrency | undefined,
): { worker: Worker; leases: LeaseKeeper } {
  const { config, engine } = floor
  const leases = new LeaseKeeper({ ...floor, leaseMs: config.leaseMs })
  const folders = new WorkFolders(join(config.dataDir, 'work'))
  const attemptParts = attemptPartsOf(floor, { executor, leases, folders })
  const worker = new Worker({
    ...config,
    ...floor,
    leases,
    folders,
    name: floor.presence.name,
    concurrency: config.maxConcurrentJobs,
    tenantConcurrency,
    abortGraceMs: executor.endsWithinMs ?? config.abortGraceMs,
    runAttempt: (claim, giveUp) => runAttempt(claim, attemptParts, giveUp),
    onCancelRequested: (hearer) =>
      engine.subscribe((event) => event.type === 'job.cancel_requested' && hearer(event.jobId)),
  })
  return { worker, leases }
}

/** Among many machines a name is never used twice: in containers host names and process numbers come again. */
function workerName({ database }: Config): string {
  const name = `${hostname()}-${process.pid}`
  return database ? `${name}-${randomBytes(3).toString('hex')}` : name
}

function attemptPartsOf(
  floor: Floor,
  parts: { executor: Executor; leases: LeaseKeeper; folders: WorkFolders },
): AttemptParts {
  const { config, store, clock, log, redact } = floor
  const { limits, readableBuckets } = config
  return {
    ...floor,
    ...parts,
    jobLog: new JobLog(log, redact),
    watch: (job, lease) => new AttemptWatch(job, floor.facts, floor.tracing?.attempt(job, lease)),
    serviceLog: log,
    maxLogLines: limits.logLines,
    openOutputs: (job, signal, watch) =>
      openOutputs({ ...config, store: watch.outputStore(store), jobId: job.id, attempt: job.attempt, signal }),
    manifest: { store, readableBuckets, maxBytes: limits.bodyBytes, maxFiles: limits.filesPerJob },
    fetch: { store, clock, limits, mode: floor.processor.inputs, concurrency: config.downloadConcurrency },
  }
}

async function reasonsNotReady({ jobs, store, config }: Floor, state: WorkState): Promise<string[]> {
  if (state.draining) return ['The service is stopping.']
  if (!state.started) return ['The service is starting.']
  const probe = { bucket: config.bucket, key: 'longshore-readiness-probe' }
  const checks = await Promise.allSettled([jobs.counts(), store.head(probe)])
  return checks.flatMap((check) => (check.status === 'rejected' ? [messageOf(check.reason)] : []))
}
