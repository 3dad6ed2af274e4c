import type { z } from 'zod'
import { readJson } from './answers.ts'
import { JobCancelledError, JobFailedError } from './errors.ts'
import type { Typing } from './processor-shape.ts'
import type { CompletedJob, Job } from './shapes.ts'
import type { CallOptions, Transport } from './transport.ts'

/** How to wait for a job. */
export interface WaitOptions<T extends Typing = Typing> extends CallOptions {
  /** Called with the job as first read, and whenever its state or progress has changed. */
  readonly onProgress?: (job: Job<T>) => void
}

const FINAL: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])

/** How long one question for changes is held by the service; proxies commonly cut a silent connection after 60 s. */
const WAIT_SECONDS = 30

/** Waits until a job has completed; the service says when something changes. */
export async function waitForJob<T extends Typing>(
  transport: Transport,
  schema: z.ZodType<Job<T>>,
  jobPath: string,
  { onProgress, signal }: WaitOptions<T>,
): Promise<CompletedJob<T>> {
  let etag: string | undefined
  for (let path = jobPath; ; path = `${jobPath}?wait=${WAIT_SECONDS}`) {
    const tryTimeoutMs = WAIT_SECONDS * 1000 + transport.tryMs
    // With the ETag of what was seen last, a change between two questions is answered at once.
    const headers = etag === undefined ? {} : { 'if-none-match': etag }
    const seen = await transport.ask(path, { headers, signal, tryTimeoutMs }, readIfChanged(schema))
    if (seen === undefined) continue
    const { job } = seen
    etag = seen.etag
    onProgress?.(job)
    if (FINAL.has(job.status)) return completed(job)
  }
}

function readIfChanged<T extends Typing>(schema: z.ZodType<Job<T>>) {
  return async (response: Response) => {
    if (response.status === 304) return undefined
    return { job: await readJson(schema, response), etag: response.headers.get('etag') ?? undefined }
  }
}

function completed<T extends Typing>(job: Job<T>): CompletedJob<T> {
  if (job.status === 'completed') return job as CompletedJob<T>
  const message = `Job ${job.job_id} ${job.status === 'failed' ? `failed: ${job.error}` : 'was cancelled'}`
  if (job.status === 'cancelled') throw new JobCancelledError({ code: 'JOB_CANCELLED', message, job })
  throw new JobFailedError({ code: job.errors.at(-1)?.code ?? 'JOB_FAILED', message, job })
}
