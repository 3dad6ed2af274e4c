import { Stats as StatsSchema, Workers } from '../../src/contract/activity.ts'
import {
  JobFiles,
  JobLogs,
  JobOutputs,
  ReadToken as ReadTokenSchema,
  SubmittedJob as SubmittedJobSchema,
} from '../../src/contract/job.ts'
import { Caller as CallerSchema, Health as HealthSchema } from '../../src/contract/service.ts'
import { Delivery as DeliverySchema, JobWebhooks } from '../../src/contract/webhook.ts'
import { type Reader, readJson } from './answers.ts'
import { actOnJobs, type BulkOptions, type BulkResult, type JobFilter } from './bulk-actions.ts'
import { freshKey } from './fresh-key.ts'
import { cancelJob, deleteJob, retryJob } from './job-actions.ts'
import { type ChangeNews, jobChanges } from './job-changes.ts'
import { type EventOptions, jobEvents } from './job-events.ts'
import { jobReader, jobSchema } from './job-reader.ts'
import { nextCursor, queryString } from './pages.ts'
import { type Processed, type ProcessOptions, type ProcessSteps, processFiles } from './process.ts'
import type { JobSchemas, LastArgument, Typing } from './processor-shape.ts'
import { Schedules } from './schedules.ts'
import { deliveryPath, jobPath } from './service-paths.ts'
import type {
  Caller,
  CompletedJob,
  Delivery,
  Health,
  Job,
  JobEvent,
  JobFile,
  JobOutput,
  JobPage,
  JobQuery,
  LogLine,
  ReadToken,
  Stats,
  SubmitRequest,
  SubmittedJob,
  Worker,
} from './shapes.ts'
import { type CallOptions, Transport, type TransportOptions } from './transport.ts'
import { type Digests, webDigests } from './upload/digests.ts'
import type { UploadSource } from './upload/source.ts'
import { upload } from './upload/upload.ts'
import type { UploadOptions } from './upload/upload-options.ts'
import { type WaitOptions, waitForJob } from './wait.ts'

/** How a {@link JobClient} finds and speaks to its service. */
export interface JobClientOptions<T extends Typing = Typing> extends TransportOptions {
  /**
   * What `parameters` and `result` are, where the processor's class is not at hand. They type the client, and the result of
   * a job that is read or waited for is checked: another one rejects with code `RESULT_UNEXPECTED`. Give schemas of what JSON
   * carries, e.g. `z.iso.datetime()` for a date. Listings are not checked: they may hold jobs of other versions.
   */
  readonly schemas?: T & JobSchemas
}

/**
 * Speaks to a Longshore service. Every method rejects with a `LongshoreError` when the service refuses or cannot be
 * reached, and with the signal's reason when its signal aborts.
 *
 * @typeParam T types `parameters` and `result`: `typeof MyProcessor`, or a pair of schemas
 */
export class JobClient<T extends Typing = Typing> {
  protected readonly transport: Transport
  protected readonly digests: Digests = webDigests

  readonly #readJob: Reader<Job<T>>
  #schedules: Schedules | undefined

  /** Throws a `TypeError` when the address or the key is none. */
  constructor(options: JobClientOptions<T>) {
    this.transport = new Transport(options)
    this.#readJob = jobReader<T>(options.schemas)
  }

  /** The schedules of the service. */
  get schedules(): Schedules {
    this.#schedules ??= new Schedules(this.transport)
    return this.#schedules
  }

  /** Name and version of the service. */
  health(options: CallOptions = {}): Promise<Health> {
    return this.transport.call(HealthSchema, 'health', options)
  }

  /** What the key of this client may do, and for whom. */
  whoami(options: CallOptions = {}): Promise<Caller> {
    return this.transport.call(CallerSchema, 'whoami', options)
  }

  /** Submits a job by manifest. Repeated by itself, it is still one job: every try carries the same idempotency key. */
  submitJob(request: SubmitRequest<T>, { idempotencyKey, ...options }: SubmitOptions = {}): Promise<SubmittedJob> {
    const headers = { 'idempotency-key': idempotencyKey ?? freshKey() }
    return this.transport.call(SubmittedJobSchema, 'jobs', { method: 'POST', body: request, headers, ...options })
  }

  /** A job as it is now. */
  async getJob(jobId: string, options: CallOptions = {}): Promise<Job<T>> {
    return this.transport.ask(jobPath(jobId), options, this.#readJob)
  }

  /** One page of jobs, newest first. */
  listJobs(query: JobQuery = {}, options: CallOptions = {}): Promise<JobPage<T>> {
    return this.transport.ask(`jobs${queryString(query)}`, options, async (response) => ({
      jobs: await readJson(jobSchema<T>().array(), response),
      next: nextCursor(response),
    }))
  }

  /** Every job of a query, newest first, a page at a time. */
  async *allJobs(query: JobQuery = {}, options: CallOptions = {}): AsyncGenerator<Job<T>, void> {
    let cursor = query.cursor
    do {
      const page = await this.listJobs(cursor === undefined ? query : { ...query, cursor }, options)
      yield* page.jobs
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
  }

  /** Asks a job to stop; it is `cancelled` only when its work has stopped. Asking again does no harm. */
  async cancelJob(jobId: string, options: CallOptions = {}): Promise<Job<T>> {
    return cancelJob(this.transport, jobPath(jobId), this.#readJob, options)
  }

  /** Queues a failed or cancelled job again, once, whatever happens to the answer. */
  async retryJob(jobId: string, { failedFilesOnly = false, ...options }: RetryOptions = {}): Promise<Job<T>> {
    return retryJob(this.transport, jobPath(jobId), this.#readJob, failedFilesOnly, options)
  }

  /** Asks every job of a filter to stop that has not ended; `dryRun` only counts them. */
  cancelJobs(filter: JobFilter, options: BulkOptions = {}): Promise<BulkResult> {
    return actOnJobs(this.transport, 'jobs/cancel', filter, options)
  }

  /** Queues every failed or cancelled job of a filter again; `dryRun` only counts them. */
  retryJobs(filter: JobFilter, { failedFilesOnly = false, ...options }: BulkRetryOptions = {}): Promise<BulkResult> {
    return actOnJobs(this.transport, 'jobs/retry', { ...filter, failed_files_only: failedFilesOnly }, options)
  }

  /** Forgets an ended job, with its uploads and outputs. */
  async deleteJob(jobId: string, options: CallOptions = {}): Promise<void> {
    return deleteJob(this.transport, jobPath(jobId), options)
  }

  /**
   * Makes a token by which a page in a browser reads this job, its events, files, outputs and logs: `?token=…` in the
   * address. Good for an hour, unless `expiresInSeconds` says otherwise (at most a week).
   */
  createToken(jobId: string, { expiresInSeconds, ...options }: TokenOptions = {}): Promise<ReadToken> {
    const body = expiresInSeconds === undefined ? {} : { expires_in_seconds: expiresInSeconds }
    return this.transport.call(ReadTokenSchema, `${jobPath(jobId)}/tokens`, { method: 'POST', body, ...options })
  }

  /**
   * Every event of a job, in order and once, from the first or `after` one, until the job is over. Broken connections are taken
   * up again where they broke.
   */
  jobEvents(jobId: string, options: EventOptions = {}): AsyncGenerator<JobEvent, void> {
    return jobEvents(this.transport, jobPath(jobId), options)
  }

  /** Changes of all jobs, each job twice a second at most, until the signal aborts. Broken connections are opened again. */
  jobChanges(options: CallOptions = {}): AsyncGenerator<ChangeNews, void> {
    return jobChanges(this.transport, options)
  }

  /** What waits and runs, and what ended in a window of time. */
  stats({ window = 'hour', ...options }: StatsOptions = {}): Promise<Stats> {
    return this.transport.call(StatsSchema, `stats${queryString({ window })}`, options)
  }

  /** The processes of the service, and the jobs that run in each. */
  async workers(options: CallOptions = {}): Promise<Worker[]> {
    return (await this.transport.call(Workers, 'workers', options)).workers
  }

  /** Waits until a job has completed. Rejects with `JobFailedError`, `JobCancelledError` or `JobTimeoutError` otherwise. */
  async waitForJob(jobId: string, options: WaitOptions<T> = {}): Promise<CompletedJob<T>> {
    return waitForJob(this.transport, jobPath(jobId), this.#readJob, options)
  }

  /** What a completed job left, with a URL to download each object. */
  async outputs(jobId: string, options: CallOptions = {}): Promise<JobOutput[]> {
    return (await this.transport.call(JobOutputs, `${jobPath(jobId)}/outputs`, options)).outputs
  }

  /** The newest lines that the processor logged for a job, oldest first. */
  async logs(jobId: string, { tail, ...options }: LogOptions = {}): Promise<LogLine[]> {
    return (await this.transport.call(JobLogs, `${jobPath(jobId)}/logs${queryString({ tail })}`, options)).lines
  }

  /** What became of each input file of a job, in manifest order. */
  async *files(jobId: string, options: CallOptions = {}): AsyncGenerator<JobFile, void> {
    let cursor: string | undefined
    do {
      const path = `${jobPath(jobId)}/files${queryString({ cursor })}`
      const page = await this.transport.ask(path, options, async (response) => ({
        files: await readJson(JobFiles, response),
        next: nextCursor(response),
      }))
      yield* page.files
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
  }

  /** What was told of the ends of a job to its `callback_url`, or is to be told; newest first. */
  async webhooks(jobId: string, options: CallOptions = {}): Promise<Delivery[]> {
    return (await this.transport.call(JobWebhooks, `${jobPath(jobId)}/webhooks`, options)).deliveries
  }

  /** Tells a receiver once more, at once, whatever came of it before; the message is the same. */
  resendWebhook(jobId: string, deliveryId: string, options: CallOptions = {}): Promise<Delivery> {
    const path = `${deliveryPath(jobId, deliveryId)}/resend`
    return this.transport.call(DeliverySchema, path, { method: 'POST', ...options })
  }

  /**
   * Uploads files and so submits a job; answers the id of the job, which is queued when this resolves. Rejects with an
   * `UploadError`; its `jobId` can then be given to `resume`, until the upload expires on the service.
   */
  uploadFiles(files: readonly UploadSource[], ...[options]: LastArgument<T, UploadOptions<T>>): Promise<string> {
    return this.upload(files, options)
  }

  protected upload(files: readonly UploadSource[], options: UploadOptions<T> = {}): Promise<string> {
    return upload(this.transport, this.digests, files, options)
  }

  /**
   * The whole way in one call: uploads files, waits until their job has completed, and lists what it left. Rejects as
   * `uploadFiles`, `waitForJob` and `outputs` do. One signal ends it at any stage: nothing is left of an upload, and a job
   * that runs is asked to stop; `onAbort: 'keep'` leaves both.
   */
  process(files: readonly UploadSource[], ...[options]: LastArgument<T, ProcessOptions<T>>): Promise<Processed<T>> {
    return processFiles(this.steps(), files, options ?? {})
  }

  /** The calls that `process` is made of. */
  protected steps(): ProcessSteps<T, UploadSource> {
    return {
      uploadFiles: (files, options) => this.upload(files, options),
      waitForJob: (jobId, options) => this.waitForJob(jobId, options),
      outputs: (jobId, options) => this.outputs(jobId, options),
      cancelJob: (jobId, options) => this.cancelJob(jobId, options),
    }
  }

  /** Fetches the `url` of an output; read the answer as `.json()`, `.text()`, or by its stream `.body`. */
  download(url: string, options: CallOptions = {}): Promise<Response> {
    return this.transport.follow(url, options, async (response) => response)
  }
}

/** How to submit. */
export interface SubmitOptions extends CallOptions {
  /** Submits with the same key, and the same request, are one job. A fresh one for every call unless given. */
  readonly idempotencyKey?: string
}

/** How long a read token is good. */
export interface TokenOptions extends CallOptions {
  /** From 1 to 604,800. Default 3,600. */
  readonly expiresInSeconds?: number
}

/** How to retry. */
export interface RetryOptions extends CallOptions {
  /** Work only on files that are not done. Default false. */
  readonly failedFilesOnly?: boolean
}

/** How to retry many jobs. */
export interface BulkRetryOptions extends BulkOptions, RetryOptions {}

/** How far back to look. */
export interface StatsOptions extends CallOptions {
  /** An hour by minutes, a day by quarters of an hour, a week by hours, 30 days by 6 hours. Default an hour. */
  readonly window?: 'hour' | 'day' | 'week' | 'month'
}

/** Which lines to read. */
export interface LogOptions extends CallOptions {
  /** At most so many, the newest. Default 1,000. */
  readonly tail?: number
}
