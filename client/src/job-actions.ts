import { type Reader, readNothing } from './answers.ts'
import { ApiError, JobNotFoundError } from './errors.ts'
import type { Typing } from './processor-shape.ts'
import { withRetries } from './retry-policy.ts'
import type { Job } from './shapes.ts'
import type { CallOptions, Transport } from './transport.ts'

// The three requests that say another thing when they are repeated. What an answer that was lost on its way had said is
// found out here, so that a call does once what it was asked for, and says so.

/** Asks a job to stop. Repeated after it has, the service answers that the job is final: that is what was asked for. */
export async function cancelJob<T extends Typing>(
  transport: Transport,
  jobPath: string,
  read: Reader<Job<T>>,
  options: CallOptions,
): Promise<Job<T>> {
  return transport.within(options, async (signal) => {
    try {
      return await transport.ask(`${jobPath}/cancel`, { method: 'POST', signal }, read)
    } catch (failure) {
      if (!(failure instanceof ApiError) || failure.code !== 'JOB_FINAL') throw failure
      const job = await transport.ask(jobPath, { signal }, read)
      if (job.status === 'cancelled') return job
      throw failure
    }
  })
}

/**
 * Queues an ended job again, once. Nothing else changes an ended job: one that is another than before a try whose answer
 * was lost has been queued by that try.
 */
export async function retryJob<T extends Typing>(
  transport: Transport,
  jobPath: string,
  read: Reader<Job<T>>,
  failedFilesOnly: boolean,
  options: CallOptions,
): Promise<Job<T>> {
  const body = { failed_files_only: failedFilesOnly }
  return transport.within(options, async (signal) => {
    const before = await transport.ask(jobPath, { signal }, read)
    return withRetries(transport.retry, signal, async (tried) => {
      if (tried > 0) {
        const now = await transport.ask(jobPath, { signal, once: true }, read)
        if (now.updated_at !== before.updated_at) return now
      }
      return transport.ask(`${jobPath}/retry`, { method: 'POST', body, signal, once: true }, read)
    })
  })
}

/** Forgets an ended job. One that is gone after a try whose answer was lost is gone by that try. */
export async function deleteJob(transport: Transport, jobPath: string, options: CallOptions): Promise<void> {
  await transport.within(options, (signal) =>
    withRetries(transport.retry, signal, async (tried) => {
      try {
        await transport.ask(jobPath, { method: 'DELETE', signal, once: true }, readNothing)
      } catch (failure) {
        if (tried === 0 || !(failure instanceof JobNotFoundError)) throw failure
      }
    }),
  )
}
