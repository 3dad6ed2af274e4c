import { Problem } from '../../src/contract/problem.ts'

/** One fault of a request: where (a JSON pointer) and what. */
export interface Fault {
  readonly pointer: string
  readonly message: string
}

/** What a {@link ServiceError} is made of. */
export interface ServiceErrorFacts extends ErrorOptions {
  readonly code: string
  readonly detail: string
  readonly status?: number
  readonly retryable?: boolean
  readonly errors?: readonly Fault[] | undefined
  readonly requestId?: string
  readonly retryAfterMs?: number | undefined
}

/**
 * Anything that went wrong between the client and the service. The message is the service's own `detail`, made for
 * people; programs look at `code`: a row of the service's error table, `UNREACHABLE` when no answer came,
 * `UNEXPECTED_ANSWER` when the answer was not that of a Longshore service, or `HTTP_<status>` for an error of another kind.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: string
  readonly detail: string
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** Every fault of the request, when it did not have the expected form. */
  readonly errors: readonly Fault[]
  /** What to name when asking the service's people about it. */
  readonly requestId: string | undefined
  /** How long the service asked to wait, in ms. */
  readonly retryAfterMs: number | undefined

  constructor(facts: ServiceErrorFacts) {
    super(facts.detail, facts)
    this.code = facts.code
    this.detail = facts.detail
    this.status = facts.status
    this.retryable = facts.retryable ?? false
    this.errors = facts.errors ?? []
    this.requestId = facts.requestId
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** Statuses that mean "later", from a service, a store or a proxy that does not speak in problems. */
const LATER: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** Reads the error out of an answer that is one. */
export async function errorOf(response: Response): Promise<ServiceError> {
  const { status } = response
  const retryAfterMs = retryAfter(response)
  const text = await response.text()
  const problem = Problem.safeParse(parseJson(text)).data
  if (problem === undefined) {
    const detail = `The answer was HTTP ${status} ${response.statusText}`.trimEnd()
    return new ServiceError({ code: `HTTP_${status}`, detail, status, retryable: LATER.has(status), retryAfterMs })
  }
  const { code, detail, retryable, errors, request_id: requestId } = problem
  return new ServiceError({ code, detail, status, retryable, errors, requestId, retryAfterMs })
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}

/** Anything that is not JSON is undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
