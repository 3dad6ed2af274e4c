import type { FastifyReply } from 'fastify'

/** A request that is held open; its signal aborts when the client goes or the service stops. */
export interface Hold extends Disposable {
  signal: AbortSignal
  /** Ends it. */
  letGo(): void
}

/** Requests held at once: an event stream takes 27 KiB and a long poll 18, so all together 270 MiB at most. */
const MAX_HELD = 10_000

/** Every request that is held open: long polls and event streams. */
export class Holds {
  readonly #open = new Set<AbortController>()
  readonly #told: (count: number) => void
  readonly #limit: number
  #closed = false

  /** @param told hears how many are held, whenever that changes */
  constructor(told: (count: number) => void = () => {}, limit = MAX_HELD) {
    this.#told = told
    this.#limit = limit
  }

  /**
   * Holds a request until its client goes, {@link closeAll} is called, or it is disposed. One too many is let go at
   * once: it is answered with what is known now, and its client comes back.
   */
  hold(reply: FastifyReply): Hold {
    const controller = new AbortController()
    const onClose = (): void => controller.abort()
    if (this.#closed || reply.raw.destroyed || this.#open.size >= this.#limit) controller.abort()
    this.#open.add(controller)
    this.#told(this.#open.size)
    reply.raw.once('close', onClose)
    return {
      signal: controller.signal,
      letGo: () => controller.abort(),
      [Symbol.dispose]: () => {
        if (this.#open.delete(controller)) this.#told(this.#open.size)
        reply.raw.off('close', onClose)
      },
    }
  }

  /** Lets all go, and every later one at once. */
  closeAll(): void {
    this.#closed = true
    for (const controller of this.#open) controller.abort()
  }
}
