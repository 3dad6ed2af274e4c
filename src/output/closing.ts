import { READY } from './chunk-queue.ts'

/** Objects that are full and being made durable while the next one is filled. */
export class Closing {
  #all: Promise<void> = READY

  /** Takes one more; resolves when those before it are durable, so that one closes while one is filled. */
  add(closing: Promise<unknown>): Promise<void> {
    const earlier = this.#all
    this.#all = quiet(Promise.all([earlier, closing]).then(() => {}))
    return earlier
  }

  /** Resolves when all are durable; rejects with the first failure. */
  done(): Promise<void> {
    return this.#all
  }
}

/** Keeps a rejection that nobody waits for from ending the process: whoever hands out such a promise throws it again later. */
export function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}
