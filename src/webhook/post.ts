import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Clock } from '../base/clock.ts'
import { messageOf, systemCodeOf } from '../base/errors.ts'
import { AddressRefused, guardedLookup, type Resolve } from './host-lookup.ts'
import { literalAddress } from './public-address.ts'

/** What is sent. */
export interface Post {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
}

/** What came of it: an HTTP status, or why there is none. */
export type PostAnswer =
  | { status: number; retryAfter: string | undefined }
  | { status: null; failure: string; isRefused: boolean }

/** How posts are made. */
export interface PosterParts {
  clock: Clock
  /** The whole exchange takes at most so long, in ms. */
  timeoutMs: number
  resolve: Resolve
  /** Whether something may be sent to an IP address. */
  accepts(address: string): boolean
}

/** Nobody reads an answer beyond its status; so many of its bytes are taken, so that the receiver can finish, and then it is cut. */
const ANSWER_BYTES = 65_536

/** A receiver that is heard of only by its headers may have few of them. */
const HEADER_BYTES = 16_384

/** Makes single posts to addresses that are accepted. Redirects are not followed, and nothing of an answer's body is kept. */
export class Poster {
  readonly #parts: PosterParts
  readonly #options

  constructor(parts: PosterParts) {
    const lookup = guardedLookup(parts.resolve, parts.accepts)
    const common = { method: 'POST', lookup, maxHeaderSize: HEADER_BYTES }
    this.#parts = parts
    this.#options = {
      'http:': { ...common, agent: new HttpAgent({ keepAlive: false }) },
      'https:': { ...common, agent: new HttpsAgent({ keepAlive: false }) },
    }
  }

  /** Posts, until the answer is there, the time is over, or the signal aborts; then it rejects with the signal's reason. */
  async post(post: Post, signal: AbortSignal): Promise<PostAnswer> {
    const stopper = new AbortController()
    const { clock, timeoutMs } = this.#parts
    const timer = clock.setTimer(timeoutMs, () => stopper.abort())
    try {
      return await this.#exchange(post, AbortSignal.any([signal, stopper.signal]))
    } catch (failure) {
      signal.throwIfAborted()
      if (stopper.signal.aborted) return unanswered(`It did not answer within ${timeoutMs / 1000} s.`)
      return failure instanceof AddressRefused ? REFUSED : unanswered(describe(failure))
    } finally {
      timer.cancel()
    }
  }

  #exchange({ url: given, headers, body }: Post, signal: AbortSignal): Promise<PostAnswer> {
    const url = new URL(given)
    const literal = literalAddress(url)
    if (literal !== undefined && !this.#parts.accepts(literal)) throw new AddressRefused()
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...this.#options['https:'], headers, signal })
        : requestHttp(url, { ...this.#options['http:'], headers, signal })
    return new Promise((resolve, reject) => {
      request.on('error', reject)
      request.on('response', (response) => resolve(answerOf(response)))
      request.end(body)
    })
  }
}

/** The status decides; the rest is let in, up to a bound, and dropped. */
async function answerOf(response: IncomingMessage): Promise<PostAnswer> {
  const { statusCode = 0, headers } = response
  let bytes = 0
  try {
    for await (const chunk of response) {
      bytes += chunk.length
      if (bytes > ANSWER_BYTES) break
    }
  } catch {
    // It broke off, or took too long: the status stands.
  } finally {
    response.destroy()
  }
  return { status: statusCode, retryAfter: headers['retry-after'] }
}

const REFUSED: PostAnswer = {
  status: null,
  failure: 'It leads to an address that is not public, so nothing was sent (WEBHOOK_ALLOW_PRIVATE).',
  isRefused: true,
}

function unanswered(failure: string): PostAnswer {
  return { status: null, failure, isRefused: false }
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'Its name is not known.',
  EAI_AGAIN: 'Its name could not be looked up.',
  ECONNREFUSED: 'It refused the connection.',
  ECONNRESET: 'It broke the connection off.',
  EHOSTUNREACH: 'It cannot be reached.',
  ENETUNREACH: 'It cannot be reached.',
  ETIMEDOUT: 'It cannot be reached.',
  HPE_HEADER_OVERFLOW: 'Its answer has too many headers.',
}

/** The longest text of a failure that is kept. */
const FAILURE_LENGTH = 200

function describe(failure: unknown): string {
  const code = systemCodeOf(failure) ?? ''
  const [line = ''] = messageOf(failure).split('\n')
  return FAULTS[code] ?? `There was no answer that could be read: ${line.slice(0, FAILURE_LENGTH)}`
}
