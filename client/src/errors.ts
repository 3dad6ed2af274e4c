import type { Problem } from '../../src/contract/problem.ts'
import type { Job } from './shapes.ts'

/** One fault of a request: where (a JSON pointer) and what. */
export interface Fault {
  readonly pointer: string
  readonly message: string
}

/** What every error of the client is made of. */
interface ErrorFacts extends ErrorOptions {
  readonly code: string
  readonly message: string
  readonly retryable?: boolean
  readonly jobId?: string | undefined
}

/** What every call of the client rejects with, but for the reason of a signal that aborted it. Programs look at `code`. */
export class LongshoreError extends Error {
  override readonly name: string = 'LongshoreError'
  /** What was wrong, in capitals: a row of the service's error table, or the client's own code. */
  readonly code: string
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** The job it is about, when it is known. */
  readonly jobId: string | undefined

  constructor({ code, message, retryable = false, jobId, ...options }: ErrorFacts) {
    super(message, options)
    this.code = code
    this.retryable = retryable
    this.jobId = jobId
  }
}

/** Says which job a failure is about, unless it says so already; any other than the client's own stays as it is. */
export function aboutJob(jobId: string | undefined, failure: unknown): unknown {
  // To everybody else it is readonly.
  if (failure instanceof LongshoreError) (failure as { jobId: string | undefined }).jobId ??= jobId
  return failure
}

/**
 * No answer came: code `UNREACHABLE`; `STALLED` when the connection stood still; `TIMED_OUT` when the call's `timeoutMs` ran out.
 */
export class NetworkError extends LongshoreError {
  override readonly name = 'NetworkError'
}

/** What an {@link ApiError} is made of. */
interface ApiErrorFacts extends ErrorFacts {
  readonly status: number
  readonly problem?: Problem | undefined
  readonly retryAfterMs?: number | undefined
}

/**
 * The service, or the store behind it, refused. The message is the service's own `detail`, made for people. `code` is a row of
 * its error table, `UNEXPECTED_ANSWER` when the answer was not that of a Longshore service, or `HTTP_<status>` for an
 * error of another kind.
 */
export class ApiError extends LongshoreError {
  override readonly name: string = 'ApiError'
  /** HTTP status. */
  readonly status: number
  /** The body of the answer, when it was a problem (RFC 9457). */
  readonly problem: Problem | undefined
  /** How long the service asked to wait, in ms. */
  readonly retryAfterMs: number | undefined

  constructor({ status, problem, retryAfterMs, ...facts }: ApiErrorFacts) {
    super(facts)
    this.status = status
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }

  /** Every fault of the request, when it did not have the expected form. */
  get errors(): readonly Fault[] {
    return this.problem?.errors ?? []
  }

  /** What to name when asking the service's people about it. */
  get requestId(): string | undefined {
    return this.problem?.request_id
  }
}

/** The service knows no such job: it never did, or it was deleted, or its retention is over. */
export class JobNotFoundError extends ApiError {
  override readonly name = 'JobNotFoundError'
}

/** What an error about a job's end is made of. */
interface JobEndFacts extends ErrorFacts {
  readonly job: Job
}

abstract class JobEndError extends LongshoreError {
  /** The job as it was last seen: its `status`, `attempt`, `error` and `errors` of every attempt. */
  readonly job: Job

  constructor({ job, ...facts }: JobEndFacts) {
    super({ jobId: job.job_id, ...facts })
    this.job = job
  }
}

/** The job was waited for and failed; `code` is that of its last attempt's error. */
export class JobFailedError extends JobEndError {
  override readonly name = 'JobFailedError'
}

/** The job was waited for and cancelled: code `JOB_CANCELLED`. */
export class JobCancelledError extends JobEndError {
  override readonly name = 'JobCancelledError'
}

/** The job did not end within `timeoutMs`: code `WAIT_TIMED_OUT`. It goes on, and can be waited for again. */
export class JobTimeoutError extends JobEndError {
  override readonly name = 'JobTimeoutError'
}

/** What an {@link UploadError} is made of. */
interface UploadErrorFacts extends ErrorFacts {
  readonly filename?: string | undefined
}

/**
 * An upload did not end; why is in `cause`, and `code` is the cause's. Of its own are `SOURCE_UNREADABLE`,
 * `SOURCE_CHANGED` (other bytes, or more or fewer, than at first), `DIGEST_UNAVAILABLE`, `RESUME_MISMATCH` (other files than
 * the upload was begun with), and of folders `NO_FILES` and `INCOMPLETE_GROUP`. `jobId` is there once the service has
 * opened the upload: with it the upload can be resumed, until it expires.
 */
export class UploadError extends LongshoreError {
  override readonly name = 'UploadError'
  /** The file it failed at. */
  readonly filename: string | undefined

  constructor({ filename, ...facts }: UploadErrorFacts) {
    super(facts)
    this.filename = filename
  }
}

/** What a {@link DownloadError} is made of. */
interface DownloadErrorFacts extends ErrorFacts {
  readonly uri: string
  readonly path?: string | undefined
}

/** An object could not be brought down; why is in `cause`. */
export class DownloadError extends LongshoreError {
  override readonly name = 'DownloadError'
  readonly uri: string
  /** Where it was to be written. */
  readonly path: string | undefined

  constructor({ uri, path, ...facts }: DownloadErrorFacts) {
    super(facts)
    this.uri = uri
    this.path = path
  }
}
