/**
 * Every error a person or a program can meet, in one table: `docs/errors.md` is held equal to it by a test.
 *
 * `status` is the HTTP status the error answers with, `retryable` says whether the same request, or the same attempt,
 * may succeed later without being changed.
 */
export const ERRORS = {
  VALIDATION_FAILED: { status: 400, retryable: false, title: 'The request does not have the expected form' },
  MALFORMED_JSON: { status: 400, retryable: false, title: 'The body is not JSON' },
  JSON_TOO_DEEP: { status: 400, retryable: false, title: 'The JSON is nested too deeply' },
  MALFORMED_REQUEST: { status: 400, retryable: false, title: 'The HTTP request is malformed' },
  MALFORMED_FORM: { status: 400, retryable: false, title: 'The form cannot be read' },
  INVALID_FILENAME: { status: 400, retryable: false, title: 'A file name cannot be used' },
  DUPLICATE_FILENAME: { status: 400, retryable: false, title: 'Two files have the same name' },
  INVALID_FILE_SIZE: { status: 400, retryable: false, title: 'A file size cannot be used' },
  TOO_MANY_FILES: { status: 400, retryable: false, title: 'Too many files' },
  TOO_MANY_PARTS: { status: 400, retryable: false, title: 'Too many parts' },
  FILE_TOO_LARGE: { status: 413, retryable: false, title: 'A file is too large' },
  JOB_TOO_LARGE: { status: 413, retryable: false, title: 'The files of the job are too large together' },
  INVALID_URI: { status: 400, retryable: false, title: 'A URI cannot be used' },
  BUCKET_NOT_ALLOWED: { status: 400, retryable: false, title: 'The bucket may not be read' },
  WEBHOOKS_OFF: { status: 400, retryable: false, title: 'The service sends no webhooks' },
  CALLBACK_URL_REFUSED: { status: 400, retryable: false, title: 'Nothing may be sent to the callback URL' },
  PART_SIZE_MISMATCH: { status: 400, retryable: false, title: 'A part has the wrong size' },
  PARTS_MISMATCH: { status: 400, retryable: false, title: 'The parts do not make up the file' },
  DIGEST_MISMATCH: { status: 400, retryable: false, title: 'The bytes do not have the announced digest' },
  RESOURCES_UNAVAILABLE: { status: 400, retryable: false, title: 'No worker has what the job needs' },
  UNAUTHENTICATED: { status: 401, retryable: false, title: 'An API key is needed' },
  FORBIDDEN: { status: 403, retryable: false, title: 'The API key lacks a scope' },
  INPUT_NOT_ALLOWED: { status: 403, retryable: false, title: 'An object belongs to another tenant' },
  SIGNATURE_INVALID: { status: 403, retryable: false, title: 'The signature of the URL is not valid' },
  URL_EXPIRED: { status: 403, retryable: false, title: 'The URL has expired' },
  ROUTE_NOT_FOUND: { status: 404, retryable: false, title: 'There is no such route' },
  JOB_NOT_FOUND: { status: 404, retryable: false, title: 'There is no such job' },
  SCHEDULE_NOT_FOUND: { status: 404, retryable: false, title: 'There is no such schedule' },
  INGEST_NOT_FOUND: { status: 404, retryable: false, title: 'There is no such ingest' },
  DELIVERY_NOT_FOUND: { status: 404, retryable: false, title: 'There is no such delivery' },
  UPLOAD_NOT_FOUND: { status: 404, retryable: false, title: 'There is no such upload' },
  OBJECT_NOT_FOUND: { status: 404, retryable: false, title: 'There is no such object' },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false, title: 'The route does not take this method' },
  REQUEST_TIMEOUT: { status: 408, retryable: true, title: 'The request took too long to arrive' },
  JOB_FINAL: { status: 409, retryable: false, title: 'The job has already ended' },
  JOB_NOT_FINAL: { status: 409, retryable: false, title: 'The job has not ended yet' },
  JOB_NOT_RETRYABLE: { status: 409, retryable: false, title: 'The job is neither failed nor cancelled' },
  SCHEDULE_EXISTS: { status: 409, retryable: false, title: 'There is another schedule of this name' },
  SCHEDULE_CHANGED: { status: 409, retryable: true, title: 'The schedule was changed meanwhile' },
  TOO_MANY_SCHEDULES: { status: 409, retryable: false, title: 'There are too many schedules' },
  INGEST_CLOSED: { status: 409, retryable: false, title: 'The ingest is already complete' },
  PRECONDITION_FAILED: { status: 412, retryable: false, title: 'The object has changed' },
  BODY_TOO_LARGE: { status: 413, retryable: false, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, title: 'The content type is not supported' },
  RANGE_NOT_SATISFIABLE: { status: 416, retryable: false, title: 'The range lies outside the object' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, retryable: false, title: 'The idempotency key was used for another request' },
  HEADERS_TOO_LARGE: { status: 431, retryable: false, title: 'The header fields are too large' },
  QUEUE_FULL: { status: 429, retryable: true, title: 'The queue is full' },
  TOO_MANY_INGESTS: { status: 429, retryable: true, title: 'Too many ingests are open' },
  RATE_LIMITED: { status: 429, retryable: true, title: 'Too many requests' },
  INTERNAL: { status: 500, retryable: true, title: 'The service made a mistake' },
  NOT_READY: { status: 503, retryable: true, title: 'The service is not ready' },
  OVERLOADED: { status: 503, retryable: true, title: 'The service is overloaded' },
  ENGINE_UNAVAILABLE: { status: 503, retryable: true, title: 'The job engine cannot be reached' },
  STORE_UNAVAILABLE: { status: 503, retryable: true, title: 'The object store cannot be reached' },
  STORAGE_FULL: { status: 507, retryable: true, title: 'There is no space left' },

  MANIFEST_NOT_FOUND: { status: 404, retryable: false, title: 'The manifest does not exist' },
  MANIFEST_INVALID: { status: 400, retryable: false, title: 'The manifest cannot be read' },
  MANIFEST_EMPTY: { status: 400, retryable: false, title: 'The manifest lists no files' },
  INPUT_NOT_FOUND: { status: 404, retryable: false, title: 'An input file does not exist' },
  INPUT_DIGEST_MISMATCH: { status: 400, retryable: false, title: 'An input file does not have the announced digest' },
  PARAMETERS_INVALID: { status: 400, retryable: false, title: 'The parameters do not fit the processor' },
  RESULT_INVALID: { status: 500, retryable: false, title: 'The result does not fit the result schema' },
  PROCESSOR_FAILED: { status: 500, retryable: true, title: 'The processor threw an error' },
  UNRECOVERABLE: { status: 500, retryable: false, title: 'The processor failed for good' },
  PROCESS_DIED: { status: 500, retryable: true, title: "The processor's thread or process ended" },
  OUT_OF_MEMORY: { status: 500, retryable: true, title: 'The attempt ran out of memory' },
  COMMAND_FAILED: { status: 500, retryable: true, title: 'The program failed' },
  COMMAND_UNUSABLE: { status: 500, retryable: false, title: 'The program cannot be started' },
  TIMEOUT: { status: 500, retryable: true, title: 'The attempt ran out of time' },
  CANCELLED: { status: 409, retryable: false, title: 'The job was cancelled' },
  INTERRUPTED: { status: 503, retryable: true, title: 'The worker was stopped' },
  LEASE_LOST: { status: 500, retryable: true, title: 'The attempt lost its lease' },
  WORKER_DIED: { status: 500, retryable: true, title: 'The worker died during the attempt' },

  CONFIG_INVALID: { status: 500, retryable: false, title: 'The configuration is not valid' },
  DATA_DIR_LOCKED: { status: 500, retryable: false, title: 'Another process uses the data folder' },
  DATA_DIR_UNUSABLE: { status: 500, retryable: false, title: 'The data folder cannot be used' },
} as const satisfies Record<string, { status: number; retryable: boolean; title: string }>

/** The name of a row of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS

/** One fault of a validated document: where (a JSON pointer, RFC 6901) and what. */
export interface Fault {
  pointer: string
  message: string
}

/** What an error carries beside its code and its text. */
export interface LongshoreErrorOptions extends ErrorOptions {
  /** Every fault of a document, when there may be several. */
  errors?: readonly Fault[]
  /** After how many milliseconds a retry makes sense; sent as `Retry-After`. */
  retryAfterMs?: number
  /** Whose own limit was met, when it is that of one tenant. */
  tenant?: string
  /** Overrides the table's word on whether the same thing may succeed later. */
  retryable?: boolean
}

/** The one error class: a code of {@link ERRORS} and a detail that says what was wrong, what was expected, what to do. */
export class LongshoreError extends Error {
  override readonly name = 'LongshoreError'
  readonly code: ErrorCode
  readonly status: number
  readonly title: string
  readonly retryable: boolean
  readonly errors: readonly Fault[]
  readonly retryAfterMs: number | undefined
  readonly tenant: string | undefined

  constructor(code: ErrorCode, detail: string, options: LongshoreErrorOptions = {}) {
    super(detail, options)
    const row = ERRORS[code]
    this.code = code
    this.status = row.status
    this.title = row.title
    this.retryable = options.retryable ?? row.retryable
    this.errors = options.errors ?? []
    this.retryAfterMs = options.retryAfterMs
    this.tenant = options.tenant
  }
}

/** The text of anything that was thrown. Never throws itself: a verdict may hang on it. */
export function messageOf(thrown: unknown): string {
  try {
    const text: unknown = thrown instanceof Error ? thrown.message : thrown
    return String(text)
  } catch {
    return 'Something was thrown that has no text.'
  }
}

/** The system error code (`ENOSPC`, `ENOENT`, …) of anything that was thrown, if it has one. */
export function systemCodeOf(thrown: unknown): string | undefined {
  try {
    if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
    return typeof thrown.code === 'string' ? thrown.code : undefined
  } catch {
    return undefined
  }
}
