import type { z } from 'zod'
import { errorOf, type Reader, readJson } from './answers.ts'
import { LongshoreError, NetworkError } from './errors.ts'
import { DEFAULT_RETRY, type RetryPolicy, withRetries } from './retry-policy.ts'

/** Where the service is and how to speak to it. */
export interface TransportOptions {
  /** Address of the service, e.g. `http://127.0.0.1:8000`; a path is kept. */
  readonly url: string
  /** One of the service's `API_KEYS`, if it has any. Sent to the service only, never to a store. */
  readonly apiKey?: string | undefined
  readonly retry?: Partial<RetryPolicy>
  /** What makes the requests; the platform's own `fetch` unless given. */
  readonly fetch?: typeof globalThis.fetch
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** How long the call may take with all its tries, in ms; no limit unless given. Ends it with a `NetworkError`, code `TIMED_OUT`. */
  readonly timeoutMs?: number | undefined
}

/** One request. */
export interface Request extends CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** A blob or bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown
  /** How long one try may take before it counts as stalled and is made again, in ms; no limit unless given. */
  readonly tryTimeoutMs?: number | undefined
}

/** Makes requests, makes them again when that may help, and turns every failure into a `LongshoreError`. */
export class Transport {
  readonly #base: URL
  readonly #apiKey: string | undefined
  readonly #retry: RetryPolicy
  readonly #fetch: typeof globalThis.fetch

  constructor({ url, apiKey, retry, fetch = globalThis.fetch }: TransportOptions) {
    this.#base = new URL(url.endsWith('/') ? url : `${url}/`)
    this.#apiKey = apiKey
    this.#retry = { ...DEFAULT_RETRY, ...retry }
    this.#fetch = fetch
  }

  /** How long a try of a request that is answered at once may take, in ms. */
  get tryMs(): number {
    return this.#retry.tryMs
  }

  /** Asks the service for a body of the form of `schema`; `path` has no leading slash. */
  call<Answer>(schema: z.ZodType<Answer>, path: string, request: Request = {}): Promise<Answer> {
    return this.ask(path, request, (response) => readJson(schema, response))
  }

  /** Asks the service for an answer that needs a closer look; 304 is an answer too. */
  ask<Answer>(path: string, request: Request, read: Reader<Answer>): Promise<Answer> {
    const key = this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }
    return this.follow(path, { ...request, headers: { ...request.headers, ...key } }, read)
  }

  /** Uses a URL that the service handed out: it carries its own permission, so no key goes with it. */
  follow<Answer>(url: string, request: Request, read: Reader<Answer>): Promise<Answer> {
    const { signal, timeoutMs } = request
    const limited = timeoutMs === undefined ? request : { ...request, signal: withLimit(signal, timeoutMs) }
    return withRetries(this.#retry, limited.signal, () => this.#once(new URL(url, this.#base), limited, read))
  }

  async #once<Answer>(url: URL, request: Request, read: Reader<Answer>): Promise<Answer> {
    try {
      return await withinTry(request, async (signal) => {
        const response = await this.#fetch(url, toInit({ ...request, signal }))
        if (!response.ok && response.status !== 304) throw await errorOf(response)
        return await read(response)
      })
    } catch (cause) {
      if (cause instanceof LongshoreError) throw cause
      const message = `${url.origin} cannot be reached${reasonOf(cause)}`
      throw new NetworkError({ code: 'UNREACHABLE', message, retryable: true, cause })
    }
  }
}

function withLimit(signal: AbortSignal | undefined, timeoutMs: number): AbortSignal {
  const limit = new AbortController()
  const message = `The call did not end within ${timeoutMs / 1000} s`
  AbortSignal.timeout(timeoutMs).addEventListener('abort', () => {
    limit.abort(new NetworkError({ code: 'TIMED_OUT', message, retryable: true }))
  })
  return signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal])
}

/** Gives one try its limit. Not by `AbortSignal.any`: a signal that outlives many tries would remember each of them. */
async function withinTry<Answer>(
  { signal, tryTimeoutMs }: Request,
  action: (signal: AbortSignal | undefined) => Promise<Answer>,
): Promise<Answer> {
  if (tryTimeoutMs === undefined) return action(signal)
  const attempt = new AbortController()
  const stop = (): void => attempt.abort(signal?.reason)
  const message = `There was no answer within ${tryTimeoutMs / 1000} s`
  const stalled = (): void => attempt.abort(new NetworkError({ code: 'TIMED_OUT', message, retryable: true }))
  const timer = setTimeout(stalled, tryTimeoutMs)
  signal?.addEventListener('abort', stop)
  try {
    return await action(attempt.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

function toInit({ method = 'GET', headers = {}, body, signal }: Request): RequestInit {
  const stop = signal === undefined ? {} : { signal }
  if (body === undefined || body instanceof Blob || body instanceof Uint8Array) {
    return { method, headers, body: (body as Blob | Uint8Array<ArrayBuffer> | undefined) ?? null, ...stop }
  }
  return { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body), ...stop }
}

/** `fetch` only says that it failed; why is in the cause. */
function reasonOf(failure: unknown): string {
  const cause = failure instanceof Error ? failure.cause : undefined
  return cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : ''
}
