import type { z } from 'zod'
import { type Reader, readJson } from './answers.ts'
import { aboutJob, NetworkError } from './errors.ts'
import { type Patience, tryOnce } from './one-try.ts'
import { DEFAULT_RETRY, type RetryPolicy, withRetries } from './retry-policy.ts'
import { jobIdOf } from './service-paths.ts'
import { openStop, type Stop, startTimer } from './stop.ts'

/** Where the service is and how to speak to it. */
export interface TransportOptions {
  /** Address of the service, e.g. `http://127.0.0.1:8000`; a path is kept. */
  readonly url: string
  /**
   * One of the service's `API_KEYS`, if it has any; an empty one is none. Sent to the service only: never to a store, and
   * never where the service redirects to.
   */
  readonly apiKey?: string | undefined
  /** How often and how fast requests are made again. */
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
  /** A blob, bytes or a stream are sent as they are, anything else as JSON. A stream is sent once: it is gone afterwards. */
  readonly body?: unknown
  /**
   * How long one try may wait for its answer to begin before it counts as stalled and is made again, in ms. Default `tryMs` of
   * the retry policy. `fetch` does not tell how far a body has been sent: who sends much adds the time that takes.
   */
  readonly tryTimeoutMs?: number | undefined
  /** How long it may wait for each further piece of the answer, in ms. Default as `tryTimeoutMs`. */
  readonly silenceMs?: number | undefined
  /** Makes the request once, whatever the policy: its caller knows what to do after a failure. Default false. */
  readonly once?: boolean
}

/**
 * Makes requests, makes them again when that may help, and turns every failure into a `LongshoreError`.
 *
 * Every request may be made again although the service may have done what it asked: reads, parts and completions change
 * nothing the second time, submits carry an idempotency key. What is otherwise says so by {@link Request.once}.
 */
export class Transport {
  readonly #base: URL
  readonly #apiKey: string | undefined
  readonly #fetch: typeof globalThis.fetch
  /** How often and how fast requests are made again. */
  readonly retry: RetryPolicy

  /** Throws a `TypeError` when the address or the key is none. */
  constructor({ url, apiKey, retry, fetch = globalThis.fetch }: TransportOptions) {
    this.#base = baseOf(url)
    this.#apiKey = keyOf(apiKey)
    this.#fetch = fetch
    this.retry = { ...DEFAULT_RETRY, ...retry }
  }

  /** How long a try may wait for its answer that carries so many bytes, in ms. */
  tryLimit(bytes = 0): number {
    const { tryMs, slowestRate } = this.retry
    return tryMs + (bytes / slowestRate) * 1000
  }

  /** Asks the service for a body of the form of `schema`; `path` has no leading slash. */
  call<Answer>(schema: z.ZodType<Answer>, path: string, request: Request = {}): Promise<Answer> {
    return this.ask(path, request, (response) => readJson(schema, response))
  }

  /** Asks the service for an answer that needs a closer look; 304 is an answer too. */
  async ask<Answer>(path: string, request: Request, read: Reader<Answer>): Promise<Answer> {
    const key = this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }
    const init = toInit({ ...request, headers: { ...request.headers, ...key } })
    try {
      // A redirect would turn a submit into a question, and take the key to whoever it names, or lose it.
      return await this.#send(path, { ...init, redirect: 'manual' }, request, read)
    } catch (failure) {
      throw aboutJob(jobIdOf(path), failure)
    }
  }

  /** Uses a URL that the service handed out: it carries its own permission, so no key goes with it. */
  async follow<Answer>(url: string, request: Request, read: Reader<Answer>): Promise<Answer> {
    return this.#send(url, toInit(request), request, read)
  }

  async #send<Answer>(url: string, init: RequestInit, request: Request, read: Reader<Answer>): Promise<Answer> {
    const target = new URL(url, this.#base)
    const patience = patienceOf(request, this.retry)
    // Bound to nothing: a browser's own fetch refuses to be called as a method of another object.
    const fetch = this.#fetch
    // The caller's signal beside the limited one, because an answer that is read on after the call follows it still.
    const once = (limited: AbortSignal): Promise<Answer> =>
      tryOnce((signal) => fetch(target, { ...init, signal }), target, patience, [request.signal, limited], read)
    const repeatable = !request.once && !(request.body instanceof ReadableStream)
    return this.within(request, (signal) =>
      repeatable ? withRetries(this.retry, signal, () => once(signal)) : once(signal),
    )
  }

  /** Gives something of several requests the time limit of one call. */
  async within<Result>(options: CallOptions, action: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const limit = limitOf(options)
    try {
      return await action(limit.signal)
    } finally {
      limit.release()
    }
  }
}

/** What ends a call: its signal, or its time limit. */
export function limitOf({ signal, timeoutMs }: CallOptions): Stop {
  const stop = openStop(signal)
  if (timeoutMs === undefined) return stop
  const message = `The call did not end within ${timeoutMs / 1000} s`
  const stopTimer = startTimer(timeoutMs, () => {
    stop.abort(new NetworkError({ code: 'TIMED_OUT', message, retryable: true }))
  })
  const release = (): void => {
    stopTimer()
    stop.release()
  }
  return { ...stop, release }
}

function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined
  if (base === undefined || !/^https?:$/.test(base.protocol) || base.username !== '') {
    throw new TypeError(
      `Expected url to be the address of a service as http://host:port, without a user name (a key goes in apiKey); got ${JSON.stringify(url)}`,
    )
  }
  return new URL(base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`, base)
}

/** Not left to the header, whose own error would tell the key. */
function keyOf(apiKey = ''): string | undefined {
  const key = apiKey.trim()
  if (/^[\x21-\x7e]*$/.test(key)) return key || undefined
  throw new TypeError('Expected apiKey to be a key in visible ASCII characters, on one line')
}

function patienceOf({ tryTimeoutMs, silenceMs }: Request, { tryMs }: RetryPolicy): Patience {
  const firstMs = tryTimeoutMs ?? tryMs
  return { tryTimeoutMs: firstMs, silenceMs: silenceMs ?? firstMs }
}

function toInit({ method = 'GET', headers, body }: Request): RequestInit {
  const init = { method, headers: new Headers(headers) }
  if (body === undefined) return init
  if (body instanceof Blob || body instanceof Uint8Array)
    return { ...init, body: body as Blob | Uint8Array<ArrayBuffer> }
  // Without `duplex`, which not every fetch's types know, a stream is refused.
  if (body instanceof ReadableStream) return Object.assign(init, { body, duplex: 'half' as const })
  init.headers.set('content-type', 'application/json')
  return { ...init, body: JSON.stringify(body) }
}
