import type { TenantLimits } from '../access/tenant-limits.ts'
import type { Clock } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Job, JobDraft, JobFile, JsonValue, Lease, LogLine, ManifestSource, NewJob } from '../job/job.ts'
import { isFinal } from '../job/job.ts'
import { queueGroup } from '../job/queue-group.ts'
import { fits, needed, type ResourceNeeds, type Resources } from '../job/resources.ts'
import type { RetryPolicy } from '../job/retry-policy.ts'
import { type Outcome, type Settlement, settle } from '../job/settlement.ts'
import { tooLarge, type Waiting, waitingFor } from '../job/waiting.ts'
import type {
  AttemptChanges,
  Claim,
  Dispatch,
  DispatchOptions,
  FileQuery,
  JobCounts,
  JobEngine,
  JobQuery,
  LeaseNews,
  Page,
  QueueLimits,
} from './job-engine.ts'
import type { QueueDrain } from './queue-drain.ts'

/** What a submitter may ask for; what is left out takes the service's default. */
export interface JobRequest {
  parameters?: JsonValue
  priority?: number
  /** Not before this many ms from now; not together with `runAt`. */
  delayMs?: number
  /** Not before this instant, in ms since 1970. */
  runAt?: number
  maxAttempts?: number
  timeoutMs?: number
  group?: string
  /** The schedule that submits it, and the tick. */
  schedule?: NonNullable<Job['schedule']>
  labels?: Readonly<Record<string, string>>
  tenant?: string
  /** Wins over what the processor says. */
  resources?: ResourceNeeds
  idempotency?: { key: string; requestHash: string }
  /** The span that asks, as W3C Trace Context writes it. */
  traceparent?: string
  /** Who is told when the job has ended. */
  callbackUrl?: string
}

/** The rules that jobs are kept by. */
export interface JobRules {
  processor: { name: string; version: string }
  /** Answers them as the processor gets them; throws `PARAMETERS_INVALID` or `VALIDATION_FAILED` when it would refuse them. */
  checkParameters(parameters: JsonValue): unknown
  /** Throws when nobody may be told of ends at this URL. */
  checkCallbackUrl(url: string): void
  /** What the processor says that a job with these parameters takes of a worker; nothing unless given. */
  resourcesFor?(parameters: unknown): ResourceNeeds
  /** The budget of the one worker there is; absent when there may be others. */
  onlyBudget?: Resources
  /** Jobs of one group that run at once; no limit when absent. */
  groupConcurrency?: number | undefined
  maxAttempts: number
  timeoutMs: number
  retry: RetryPolicy
  /** Jobs that may wait at once. */
  maxQueued: number
  /** What a tenant may have at once; nothing is limited when absent. */
  limitsOf?: (tenant: string | null) => TenantLimits
}

/** Where a queued job stands. */
export interface QueuePlace {
  /** Jobs before it; null when more than 10,000 are. */
  ahead: number | null
  waiting: Waiting
}

/** What the manager stands on. */
export interface JobManagerParts {
  engine: JobEngine
  clock: Clock
  rules: JobRules
  /** Tells who meets a full queue when to come back; without it, in 5 s. */
  drain?: Pick<QueueDrain, 'waitMs'>
  /** A number in [0, 1); `Math.random` unless given. */
  random?: () => number
}

/** The one writer of job state: what may happen to a job is decided here, what did happen is kept by the engine. */
export class JobManager {
  readonly #engine: JobEngine
  readonly #clock: Clock
  readonly #rules: JobRules
  readonly #random: () => number
  readonly #drain: Pick<QueueDrain, 'waitMs'> | undefined

  constructor({ engine, clock, rules, drain, random = Math.random }: JobManagerParts) {
    this.#drain = drain
    this.#engine = engine
    this.#clock = clock
    this.#rules = rules
    this.#random = random
  }

  /** Checks a request and fills in the defaults, without keeping anything. Throws what the processor says of the parameters, and `RESOURCES_UNAVAILABLE`. */
  draft(request: JobRequest, id: string = newId()): JobDraft {
    const parameters = request.parameters ?? null
    const resources = this.#resourcesOf(this.#rules.checkParameters(parameters), request.resources)
    if (request.callbackUrl !== undefined) this.#rules.checkCallbackUrl(request.callbackUrl)
    return {
      id,
      runAt: request.runAt ?? this.#clock.now() + (request.delayMs ?? 0),
      parameters,
      processor: this.#rules.processor,
      priority: request.priority ?? 0,
      group: queueGroup(request.tenant, request.group),
      labels: request.labels ?? {},
      maxAttempts: request.maxAttempts ?? this.#rules.maxAttempts,
      timeoutMs: request.timeoutMs ?? this.#rules.timeoutMs,
      ...(request.tenant !== undefined && { tenant: request.tenant }),
      ...(request.schedule && { schedule: request.schedule }),
      ...(resources && { resources }),
      ...(request.idempotency && { idempotency: request.idempotency }),
      ...(request.traceparent !== undefined && { traceparent: request.traceparent }),
      ...(request.callbackUrl !== undefined && { callbackUrl: request.callbackUrl }),
    }
  }

  /** Keeps a job durably. Submitting the same id or idempotency key again answers the first job. Throws `QUEUE_FULL`, `IDEMPOTENCY_KEY_REUSED`. */
  submit(draft: JobDraft, manifest: ManifestSource): Promise<{ job: Job; replayed: boolean }> {
    return this.#engine.insert(this.newJob(draft, manifest), this.roomOf(draft.tenant ?? null))
  }

  /** A job as it is kept from now on, for who keeps it within a change of something else. */
  newJob(draft: JobDraft, manifest: ManifestSource): NewJob {
    return { ...draft, manifest, createdAt: this.#clock.now() }
  }

  /** How many jobs may wait at once, for whoever submits for this tenant. */
  roomOf(tenant: string | null): QueueLimits {
    const { maxQueued, limitsOf } = this.#rules
    return { maxQueued, maxQueuedOfTenant: limitsOf?.(tenant).queuedJobs }
  }

  /** The error of a full queue with how long that queue needs until there is room. */
  async whenToReturn(full: LongshoreError): Promise<LongshoreError> {
    if (this.#drain === undefined) return full
    const { message, tenant } = full
    const { maxQueued, maxQueuedOfTenant = maxQueued } = this.roomOf(tenant ?? null)
    const most = tenant === undefined ? maxQueued : maxQueuedOfTenant
    return this.#drain.waitMs(most, tenant).then(
      (retryAfterMs) => new LongshoreError('QUEUE_FULL', message, { retryAfterMs }),
      () => full,
    )
  }

  /** The job, if it is there. */
  find(id: string): Promise<Job | undefined> {
    return this.#engine.get(id)
  }

  /** The job; throws `JOB_NOT_FOUND`. */
  async get(id: string): Promise<Job> {
    return found(id, await this.#engine.get(id))
  }

  list(query: JobQuery): Promise<Page<Job>> {
    return this.#engine.list(query)
  }

  counts(aheadOf?: string): Promise<JobCounts> {
    return this.#engine.counts(aheadOf)
  }

  /** How many are before a queued job, and why it waits. */
  async placeOf(job: Job): Promise<QueuePlace> {
    const { ahead, ...around } = await this.#engine.counts(job.id)
    const { groupConcurrency: groupLimit, limitsOf } = this.#rules
    const limits = { groupLimit, tenantLimit: limitsOf?.(job.tenant).runningJobs }
    return { ahead, waiting: waitingFor(job, this.#clock.now(), { ...around, ...limits }) }
  }

  /** The per-file ledger; throws `JOB_NOT_FOUND`. */
  async files(id: string, query: FileQuery): Promise<Page<JobFile>> {
    await this.get(id)
    return this.#engine.files(id, query)
  }

  /** The newest log lines, oldest first; throws `JOB_NOT_FOUND`. */
  async logs(id: string, tail: number): Promise<LogLine[]> {
    await this.get(id)
    return this.#engine.logs(id, tail)
  }

  /** Asks a job to stop: at once when it is queued, else its worker hears of it. Throws `JOB_NOT_FOUND`, `JOB_FINAL`. */
  async cancel(id: string): Promise<Job> {
    const before = await this.get(id)
    if (isFinal(before.state) && before.state !== 'cancelled') throw alreadyFinal(before)
    const after = found(id, await this.#engine.requestCancel(id))
    if (isFinal(after.state) && after.state !== 'cancelled') throw alreadyFinal(after)
    return after
  }

  /** Queues a failed or cancelled job again with fresh attempts. Throws `JOB_NOT_FOUND`, `JOB_NOT_RETRYABLE`. */
  async retry(id: string, options: { failedFilesOnly: boolean }): Promise<Job> {
    const before = await this.get(id)
    const after = isRetryable(before) ? found(id, await this.#engine.requeue(id, options)) : before
    if (after.version === before.version) {
      throw new LongshoreError(
        'JOB_NOT_RETRYABLE',
        isRetryable(after)
          ? `Job ${id} is being deleted.`
          : `Job ${id} is ${after.state}; only a failed or cancelled job can be retried.`,
      )
    }
    return after
  }

  /**
   * Forgets an ended job, after `removeRest` removed what else it left; no retry comes between. Answers whether it was
   * forgotten: `removeRest` may say no. Throws `JOB_NOT_FOUND`, `JOB_NOT_FINAL`.
   */
  async forget(id: string, removeRest: (job: Job) => Promise<boolean> = async () => true): Promise<boolean> {
    const job = await this.get(id)
    if (!isFinal(job.state)) throw notFinal(job)
    return (await this.#engine.prune([id], removeRest)).length > 0
  }

  /** Forgets those of the jobs that are final and of which `removeRest` does not say no; answers how many. */
  async forgetAll(ids: readonly string[], removeRest: (job: Job) => Promise<boolean>): Promise<number> {
    return (await this.#engine.prune(ids, removeRest)).length
  }

  /** Hands out due jobs to `run`. */
  dispatch(options: DispatchOptions, run: (claim: Claim) => Promise<void>): Dispatch {
    return this.#engine.dispatch(options, run)
  }

  /** Extends leases and hears of cancels. */
  heartbeat(leases: readonly Lease[], leaseMs: number): Promise<LeaseNews[]> {
    return this.#engine.heartbeat(leases, leaseMs)
  }

  /** Writes what an attempt learnt; false when its lease is stale. */
  save(lease: Lease, changes: AttemptChanges): Promise<boolean> {
    return this.#engine.save(lease, changes)
  }

  /** Ends an attempt with what it came to; undefined when its lease is stale, and then nothing changed. */
  settle(lease: Lease, outcome: Outcome, changes: AttemptChanges = {}): Promise<Job | undefined> {
    return this.#engine.settle(lease, (job) => this.#decide(job, outcome), changes)
  }

  /** Ends every attempt whose lease ran out: requeued, or failed when it was the last. */
  rescue(): Promise<Job[]> {
    return this.#engine.rescue((job) => this.#decide(job, { type: 'expired' }))
  }

  /** What a job takes of a worker. Throws `RESOURCES_UNAVAILABLE` when the only worker there is never has so much. */
  #resourcesOf(parameters: unknown, wished: ResourceNeeds | undefined): Resources | null {
    const { resourcesFor, onlyBudget } = this.#rules
    if (resourcesFor === undefined && wished === undefined) return null
    const resources = needed(resourcesFor?.(parameters), wished)
    if (resources === null || onlyBudget === undefined || fits(resources, onlyBudget)) return resources
    throw new LongshoreError(
      'RESOURCES_UNAVAILABLE',
      `The job can never run here. ${tooLarge(resources, onlyBudget)} Ask for less, or raise WORKER_CPU, WORKER_MEMORY_MB or WORKER_SCRATCH_GB.`,
    )
  }

  #decide(job: Job, outcome: Outcome): Settlement {
    return settle(job, outcome, { now: this.#clock.now(), random: this.#random(), policy: this.#rules.retry })
  }
}

/** The error of a job that is not there, or is another tenant's: the two must not be told apart. */
export function jobNotFound(id: string): LongshoreError {
  return new LongshoreError(
    'JOB_NOT_FOUND',
    `There is no job ${id}. It may have been deleted, or its retention is over.`,
  )
}

function found(id: string, job: Job | undefined): Job {
  if (job === undefined) throw jobNotFound(id)
  return job
}

function isRetryable(job: Job): boolean {
  return job.state === 'failed' || job.state === 'cancelled'
}

function notFinal(job: Job): LongshoreError {
  return new LongshoreError('JOB_NOT_FINAL', `Job ${job.id} is ${job.state}. Cancel it first, then delete it.`)
}

function alreadyFinal(job: Job): LongshoreError {
  return new LongshoreError('JOB_FINAL', `Job ${job.id} is already ${job.state} and cannot be cancelled.`)
}
