import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { LongshoreError } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import { type Arrivals, late } from './arrival.ts'

/** A body beyond the limit is read to its end up to this size, so that a client which only listens after sending hears why. */
const DISCARD_BYTES = 256 * 1024 * 1024

/** The limits of a JSON body. */
export interface JsonBodyLimits {
  bodyBytes: number
  jsonDepth: number
  requestTimeoutMs: number
}

type Done = (error: Error | null, body?: unknown) => void

/**
 * Fastify's parser of JSON bodies: bounded in size, depth and time. An empty body is undefined.
 *
 * Most bodies come along with their headers. The tick after those comes when Node has handed over the first piece of the
 * body, and before it tells the end: a body that is there as a whole is then taken at once, without listeners and a time
 * limit, which saves a twentieth of a submit. It is not `complete` until the route has seen it, and its stream never comes
 * to its end: neither `end` nor `close` follows, and the connection keeps the request until the next one.
 */
export function jsonBodyParser(limits: JsonBodyLimits, arrivals: Arrivals) {
  return (_request: FastifyRequest, payload: IncomingMessage, done: Done): void => {
    const length = Number(payload.headers['content-length'])
    const read = (): void => {
      if (payload.readableLength === length) finish(payload.read() ?? NOTHING, limits, done)
      else new ArrivingBody(payload, limits, arrivals, done).read()
    }
    if (length > DISCARD_BYTES) done(tooLarge(limits))
    else process.nextTick(read)
  }
}

const NOTHING = Buffer.alloc(0)

function finish(bytes: Buffer, limits: JsonBodyLimits, done: Done): void {
  let body: unknown
  try {
    body = parse(bytes, limits)
  } catch (failure) {
    done(failure instanceof Error ? failure : new Error(String(failure)))
    return
  }
  done(null, body)
}

function parse(bytes: Buffer, limits: JsonBodyLimits): unknown {
  if (bytes.length > limits.bodyBytes) throw tooLarge(limits)
  return bytes.length === 0 ? undefined : parseJson(bytes.toString('utf8'), limits.jsonDepth)
}

/** A body of which the rest is still to come. */
class ArrivingBody {
  readonly #payload: IncomingMessage
  readonly #limits: JsonBodyLimits
  readonly #arrivals: Arrivals
  readonly #done: Done
  #chunks: Buffer[] = []
  #bytes = 0
  #ended = false

  constructor(payload: IncomingMessage, limits: JsonBodyLimits, arrivals: Arrivals, done: Done) {
    this.#payload = payload
    this.#limits = limits
    this.#arrivals = arrivals
    this.#done = done
  }

  read(): void {
    if (this.#payload.destroyed) {
      this.#done(cutOff())
      return
    }
    this.#arrivals.expect(this.#payload, () => this.#refuse(late(this.#limits.requestTimeoutMs)))
    this.#payload
      .on('data', (chunk: Buffer) => this.#take(chunk))
      .on('end', () => this.#finish())
      .on('error', () => this.#refuse(cutOff()))
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= this.#limits.bodyBytes) this.#chunks.push(chunk)
    else this.#chunks = []
    if (this.#bytes > DISCARD_BYTES) this.#refuse(tooLarge(this.#limits))
  }

  #finish(): void {
    const chunks = this.#chunks
    if (!this.#end()) return
    const [only] = chunks
    const bytes = chunks.length === 1 && only ? only : Buffer.concat(chunks)
    if (this.#bytes > this.#limits.bodyBytes) this.#done(tooLarge(this.#limits))
    else finish(bytes, this.#limits, this.#done)
  }

  #refuse(error: Error): void {
    if (this.#end()) this.#done(error)
  }

  /** Whether it had not ended before. */
  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#chunks = []
    this.#arrivals.arrived(this.#payload)
    return true
  }
}

function cutOff(): LongshoreError {
  return new LongshoreError('MALFORMED_REQUEST', 'The body ended before it was complete.')
}

function tooLarge(limits: JsonBodyLimits): LongshoreError {
  return new LongshoreError('BODY_TOO_LARGE', `The body is longer than ${limits.bodyBytes} bytes (MAX_BODY_MB).`)
}
