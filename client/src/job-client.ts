import { JobOutputs, Job as JobSchema } from '../../src/contract/job.ts'
import { Health as HealthSchema } from '../../src/contract/service.ts'
import type { Health, Job, JobOutput } from './shapes.ts'
import { readJson, Transport, type TransportOptions } from './transport.ts'
import { type UploadFile, type UploadOptions, upload } from './upload.ts'

/** How a {@link JobClient} finds and speaks to its service. */
export type JobClientOptions = TransportOptions

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface WaitOptions extends CallOptions {
  /** Called with the job as first read, and whenever its state or progress has changed. */
  readonly onProgress?: (job: Job) => void
}

const FINAL: ReadonlySet<Job['status']> = new Set(['completed', 'failed', 'cancelled'])

/** How long one question for changes is held by the service; proxies commonly cut a silent connection after 60 s. */
const WAIT_SECONDS = 30

/**
 * Speaks to a Longshore service. Every method rejects with `ServiceError` when the service refuses or cannot be
 * reached, and with the signal's reason when its signal aborts.
 */
export class JobClient {
  readonly #transport: Transport

  constructor(options: JobClientOptions) {
    this.#transport = new Transport(options)
  }

  /** Name and version of the service. */
  health({ signal }: CallOptions = {}): Promise<Health> {
    return this.#transport.call(HealthSchema, 'health', { signal })
  }

  /** Uploads files and so submits a job; answers the id of the job, which is queued when this resolves. */
  uploadFiles(files: readonly UploadFile[], options: UploadOptions = {}): Promise<string> {
    return upload(this.#transport, files, options)
  }

  /** A job as it is now. */
  getJob(jobId: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.#transport.call(JobSchema, jobPath(jobId), { signal })
  }

  /** Waits until a job has ended, however it ended: look at its `status`. The service says when something changes. */
  async waitForJob(jobId: string, { onProgress, signal }: WaitOptions = {}): Promise<Job> {
    let etag: string | undefined
    for (let path = jobPath(jobId); ; path = `${jobPath(jobId)}?wait=${WAIT_SECONDS}`) {
      // With the ETag of what was seen last, a change between two questions is answered at once.
      const headers = etag === undefined ? {} : { 'if-none-match': etag }
      const seen = await this.#transport.ask(path, { headers, signal }, readIfChanged)
      if (seen === undefined) continue
      const { job } = seen
      etag = seen.etag
      onProgress?.(job)
      if (FINAL.has(job.status)) return job
    }
  }

  /** What a completed job left, with a URL to download each object. */
  async outputs(jobId: string, { signal }: CallOptions = {}): Promise<JobOutput[]> {
    return (await this.#transport.call(JobOutputs, `${jobPath(jobId)}/outputs`, { signal })).outputs
  }

  /** Fetches the `url` of an output; read the answer as `.json()`, `.text()`, or by its stream `.body`. */
  download(url: string, { signal }: CallOptions = {}): Promise<Response> {
    return this.#transport.follow(url, { signal }, async (response) => response)
  }
}

async function readIfChanged(response: Response): Promise<{ job: Job; etag: string | undefined } | undefined> {
  if (response.status === 304) return undefined
  return { job: await readJson(JobSchema, response), etag: response.headers.get('etag') ?? undefined }
}

function jobPath(jobId: string): string {
  return `jobs/${encodeURIComponent(jobId)}`
}
