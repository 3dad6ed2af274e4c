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

/** Fastify's parser of JSON bodies: bounded in size, depth and time. An empty body is undefined. */
export function jsonBodyParser(limits: JsonBodyLimits, arrivals: Arrivals) {
  return (_request: FastifyRequest, payload: IncomingMessage, done: Done): void => {
    if (Number(payload.headers['content-length']) > DISCARD_BYTES) done(tooLarge(limits))
    else new JsonBody(payload, limits, arrivals, done).read()
  }
}

class JsonBody {
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
    this.#arrivals.expect(this.#payload, () => this.#end(late(this.#limits.requestTimeoutMs)))
    this.#payload
      .on('data', (chunk: Buffer) => this.#take(chunk))
      .on('end', () => this.#finish())
      .on('error', () => this.#end(new LongshoreError('MALFORMED_REQUEST', 'The body ended before it was complete.')))
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= this.#limits.bodyBytes) this.#chunks.push(chunk)
    else this.#chunks = []
    if (this.#bytes > DISCARD_BYTES) this.#end(tooLarge(this.#limits))
  }

  #finish(): void {
    try {
      this.#end(null, this.#parse())
    } catch (failure) {
      this.#end(failure instanceof Error ? failure : new Error(String(failure)))
    }
  }

  #parse(): unknown {
    if (this.#bytes > this.#limits.bodyBytes) throw tooLarge(this.#limits)
    const [only] = this.#chunks
    const bytes = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks)
    return bytes.length === 0 ? undefined : parseJson(bytes.toString('utf8'), this.#limits.jsonDepth)
  }

  #end(error: Error | null, body?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#chunks = []
    this.#arrivals.arrived(this.#payload)
    this.#done(error, body)
  }
}

function tooLarge(limits: JsonBodyLimits): LongshoreError {
  return new LongshoreError('BODY_TOO_LARGE', `The body is longer than ${limits.bodyBytes} bytes (MAX_BODY_MB).`)
}
