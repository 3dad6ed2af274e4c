import type { FastifyReply } from 'fastify'

/** A request that is held open; its signal aborts when the client goes or the service stops. */
export interface Hold extends Disposable {
  signal: AbortSignal
}

/** Every request that is held open: long polls and event streams. */
export class Holds {
  readonly #open = new Set<AbortController>()
  #closed = false

  /** Holds a request until its client goes, {@link closeAll} is called, or it is disposed. */
  hold(reply: FastifyReply): Hold {
    const controller = new AbortController()
    const onClose = (): void => controller.abort()
    if (this.#closed) controller.abort()
    this.#open.add(controller)
    reply.raw.once('close', onClose)
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        this.#open.delete(controller)
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
