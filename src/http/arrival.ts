import type { IncomingMessage } from 'node:http'
import type { onRequestHookHandler } from 'fastify'
import type { Clock, Timer } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { Roster } from '../base/roster.ts'

/** Slower than this over a whole time limit is not an upload but a held connection. */
const SLOWEST_BYTES_PER_SECOND = 1024

/**
 * Holds bodies to the time limit. Most arrive with their headers, so expecting one costs a map entry, not a timer: one
 * timer serves all, set to the oldest.
 */
export class Arrivals {
  readonly #clock: Clock
  readonly #limitMs: number
  /** In order of their due time, because all have the same limit. */
  readonly #expected = new Roster<IncomingMessage, { dueAt: number; onLate: () => void }>()
  #timer: Timer | undefined

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  /** Calls `onLate` unless {@link arrived} is called within the limit. */
  expect(body: IncomingMessage, onLate: () => void): void {
    this.#expected.set(body, { dueAt: this.#clock.now() + this.#limitMs, onLate })
    this.#timer ??= this.#clock.setTimer(this.#limitMs, () => this.#check())
  }

  arrived(body: IncomingMessage): void {
    this.#expected.delete(body)
  }

  /**
   * Gives the rest of a body that nobody reads the time limit to end, then cuts the connection. Of a body that is there as
   * a whole the end may be told only after the answer, but in this turn of the event loop: that is no rest.
   */
  linger(body: IncomingMessage): void {
    setImmediate(() => {
      if (body.complete || body.destroyed || this.#expected.has(body)) return
      this.expect(body, () => body.complete || body.destroy())
      body.once('close', () => this.arrived(body))
    })
  }

  /** Fastify's hook for routes that read no body: one that is announced all the same must end in time. */
  readonly endUnread: onRequestHookHandler = (request, _reply, done) => {
    const { headers } = request.raw
    if ('content-length' in headers || 'transfer-encoding' in headers) this.linger(request.raw)
    done()
  }

  /**
   * Watches an upload, which may take hours but not stand still: `onLate` is called with the error when it brought less
   * than 1 KiB/s over one time limit, while the service was waiting for it.
   */
  watch(body: IncomingMessage, onLate: (error: LongshoreError) => void): Timer {
    const leastBytes = (SLOWEST_BYTES_PER_SECOND * this.#limitMs) / 1000
    let before = body.socket.bytesRead ?? 0
    let timer: Timer
    const check = (): void => {
      const now = body.socket.bytesRead ?? 0
      // Bytes that lie here unread, or a body that is all here, are not the client's fault.
      if (now - before < leastBytes && body.readableLength === 0 && !body.complete) onLate(late(this.#limitMs))
      else timer = this.#clock.setTimer(this.#limitMs, check)
      before = now
    }
    timer = this.#clock.setTimer(this.#limitMs, check)
    return { cancel: () => timer.cancel() }
  }

  #check(): void {
    this.#timer = undefined
    const now = this.#clock.now()
    for (const [body, { dueAt, onLate }] of this.#expected) {
      if (dueAt > now) {
        this.#timer = this.#clock.setTimer(dueAt - now, () => this.#check())
        return
      }
      this.#expected.delete(body)
      onLate()
    }
  }
}

/** The error of a body that did not arrive in time. */
export function late(limitMs: number): LongshoreError {
  return new LongshoreError(
    'REQUEST_TIMEOUT',
    `The body did not arrive within the time limit of ${limitMs / 1000} s (REQUEST_TIMEOUT_SECONDS), or stood still as long.`,
  )
}
