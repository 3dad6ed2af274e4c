import { errorOf, type Reader } from './answers.ts'
import { NetworkError } from './errors.ts'
import { onAbort, openStop, startTimer } from './stop.ts'

/** How long one try may be kept waiting. */
export interface Patience {
  /** For the answer to begin, in ms. */
  readonly tryTimeoutMs: number
  /** For each further piece of its body, in ms. */
  readonly silenceMs: number
}

/** Makes a request once. A connection on which nothing comes any more is broken off: `NetworkError`, code `STALLED`. */
export async function tryOnce<Answer>(
  send: (signal: AbortSignal) => Promise<Response>,
  url: URL,
  patience: Patience,
  followed: readonly (AbortSignal | undefined)[],
  read: Reader<Answer>,
): Promise<Answer> {
  const watch = new Watch(followed, url)
  try {
    const response = await watch
      .within(patience.tryTimeoutMs, () => send(watch.signal))
      .catch((cause) => {
        throw watch.breakOff(cause)
      })
    const watched = watchBody(response, watch, patience)
    if (!response.ok && response.status !== 304) throw await errorOf(watched)
    return await read(watched)
  } catch (failure) {
    // A reader may fail for reasons of its own: those are none of the network's.
    throw watch.end(failure)
  }
}

/** Watches over one request, from its sending to the last byte of its answer. */
class Watch {
  readonly #stop
  readonly url: URL

  constructor(followed: readonly (AbortSignal | undefined)[], url: URL) {
    this.#stop = openStop(...followed)
    this.url = url
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  release(): void {
    this.#stop.release()
  }

  /** Waits for the next piece of an answer, and breaks the request off when it does not come in time. */
  async within<Piece>(limitMs: number, next: () => Promise<Piece>): Promise<Piece> {
    const message = `${this.url.origin} sent nothing for ${limitMs / 1000} s`
    const stalled = (): void => this.#stop.abort(new NetworkError({ code: 'STALLED', message, retryable: true }))
    const stopTimer = startTimer(limitMs, stalled)
    try {
      return await orAborted(this.signal, next())
    } finally {
      stopTimer()
    }
  }

  /** Ends a request whose connection failed; answers what that is to its caller. */
  breakOff(cause: unknown): unknown {
    return this.end(unreachable(this.url, cause))
  }

  /** Ends the request, whose connection would otherwise stay open; answers why it ended first. */
  end(failure: unknown): unknown {
    this.#stop.abort(failure)
    this.release()
    return this.signal.reason
  }
}

/** A stream does not always end with its signal: that of a body already given to somebody may wait on. */
function orAborted<Piece>(signal: AbortSignal, piece: Promise<Piece>): Promise<Piece> {
  return new Promise((resolve, reject) => {
    const unfollow = onAbort(signal, reject)
    piece.then(resolve, reject).finally(unfollow)
  })
}

/**
 * The same answer with its body watched: only while somebody waits for the next piece, so that a slow reader is not taken for
 * a slow service.
 */
function watchBody(response: Response, watch: Watch, { tryTimeoutMs, silenceMs }: Patience): Response {
  const url = response.url || watch.url.href
  if (response.body === null) {
    watch.release()
    return Object.defineProperty(response, 'url', { value: url })
  }
  const reader = response.body.getReader()
  let limitMs = tryTimeoutMs
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    try {
      const { done, value } = await watch.within(limitMs, () => reader.read())
      limitMs = silenceMs
      if (!done) return controller.enqueue(value)
      watch.release()
      controller.close()
    } catch (cause) {
      controller.error(watch.breakOff(cause))
    }
  }
  const cancel = (reason: unknown): Promise<void> => {
    watch.release()
    return reader.cancel(reason)
  }
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull, cancel }, { highWaterMark: 0 })
  const { status, statusText, headers } = response
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url })
}

function unreachable({ origin }: URL, cause: unknown): NetworkError {
  const message = `${origin} cannot be reached${reasonOf(cause)}`
  return new NetworkError({ code: 'UNREACHABLE', message, retryable: true, cause })
}

/** On Node `fetch` only says that it failed, and why is in the cause; a browser never says why. */
function reasonOf(failure: unknown): string {
  const { cause } = failure instanceof Error ? failure : {}
  if (cause instanceof Error) return `: ${causeText(cause)}`
  const said = failure instanceof Error && failure.message !== '' ? ` (${failure.message})` : ''
  return `${said}: check the address, that the service runs, and, in a browser, that it lets pages of this origin in (CORS)`
}

/** Where a name has several addresses, each has failed for a reason of its own, and the error of all has no message. */
function causeText(cause: Error & { code?: unknown }): string {
  if (cause instanceof AggregateError) return cause.errors.map((each: Error) => each.message).join(', ')
  if (cause.message === '') return String(cause.code ?? cause.name)
  return cause.message
}
