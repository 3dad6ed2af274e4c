import type { ExecutionOutputs, ReceivedObject } from '../../output/job-outputs.ts'
import type { ObjectMessage, ToHost } from './messages.ts'
import { packThrown, unpackThrown } from './thrown.ts'

/** Stores what the writers in a host have made. Pieces of one object are taken one after the other, in their order. */
export class ReceivedObjects {
  readonly #outputs: () => ExecutionOutputs
  readonly #send: (message: ToHost) => void
  readonly #objects = new Map<number, { received: ReceivedObject; turn: Promise<void> }>()

  constructor(outputs: () => ExecutionOutputs, send: (message: ToHost) => void) {
    this.#outputs = outputs
    this.#send = send
  }

  receive(message: ObjectMessage): void {
    if (message.type === 'object') this.#open(message)
    else this.#continue(message)
  }

  #continue(message: Exclude<ObjectMessage, { type: 'object' }>): void {
    const { object } = message
    const open = this.#objects.get(object)
    if (open === undefined) return
    const { received } = open
    if (message.type === 'object chunk') this.#next(object, () => this.#take(object, received, message.chunk))
    else if (message.type === 'object end') this.#next(object, () => this.#close(object, received))
    else void this.#abort(object, received, unpackThrown(message.failure))
  }

  #open({ object, name, mediaType }: ObjectMessage & { type: 'object' }): void {
    try {
      const received = this.#outputs().receive(name, mediaType)
      this.#objects.set(object, { received, turn: Promise.resolve() })
    } catch (failure) {
      this.#send({ type: 'object failed', object, failure: packThrown(failure) })
    }
  }

  #next(object: number, step: () => Promise<void>): void {
    const open = this.#objects.get(object)
    if (open === undefined) return
    open.turn = open.turn.then(step).catch((failure: unknown) => {
      if (this.#objects.delete(object)) this.#send({ type: 'object failed', object, failure: packThrown(failure) })
    })
  }

  async #take(object: number, received: ReceivedObject, chunk: Uint8Array): Promise<void> {
    if (!this.#objects.has(object)) return
    await received.write(chunk)
    this.#send({ type: 'object taken', object, bytes: chunk.byteLength })
  }

  async #close(object: number, received: ReceivedObject): Promise<void> {
    if (!this.#objects.has(object)) return
    const output = await received.close()
    this.#objects.delete(object)
    this.#send({ type: 'object stored', object, output })
  }

  async #abort(object: number, received: ReceivedObject, reason: Error): Promise<void> {
    this.#objects.delete(object)
    await received.abort(reason)
  }
}
