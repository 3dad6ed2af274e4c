import type { OutputObject } from '../../job/job.ts'
import type { OutputStore } from '../../output/object-sink.ts'
import type { ObjectBody, ObjectInfo, PutOptions } from '../../storage/object-store.ts'
import type { ObjectRef } from '../../storage/object-uri.ts'
import { newNumber, type ServiceLink, type ToHost } from './messages.ts'
import { packThrown, unpackThrown } from './thrown.ts'

/** Bytes of an object that may be on their way to the service: enough to keep it busy, and all that it must hold. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** One object on its way. */
interface Sending {
  untakenBytes: number
  room: PromiseWithResolvers<void> | undefined
  stored: PromiseWithResolvers<OutputObject>
}

/**
 * The store that writers in a host write to: hands every object to the service, piece by piece and never far ahead, which
 * stores it as the attempt's. So a host needs no credentials, and the service knows what was written even if it dies.
 */
export class RemoteStore implements OutputStore {
  readonly #link: ServiceLink
  readonly #prefix: string
  readonly #sending = new Map<number, Sending>()

  /** @param prefix begins the key of every object of the attempt */
  constructor(link: ServiceLink, prefix: string) {
    this.#link = link
    this.#prefix = prefix
  }

  async put({ key }: ObjectRef, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    const object = newNumber()
    const sending: Sending = { untakenBytes: 0, room: undefined, stored: Promise.withResolvers() }
    sending.stored.promise.catch((reason: unknown) => sending.room?.reject(reason))
    this.#sending.set(object, sending)
    const { contentType = 'application/octet-stream' } = options
    this.#link.send({ type: 'object', object, name: key.slice(this.#prefix.length), mediaType: contentType })
    try {
      await this.#sendAll(object, sending, body)
      this.#link.send({ type: 'object end', object })
      return infoOf(await sending.stored.promise, contentType)
    } catch (failure) {
      this.#link.send({ type: 'object abort', object, failure: packThrown(failure) })
      throw failure
    } finally {
      this.#sending.delete(object)
    }
  }

  /** What an attempt leaves behind when it fails, the service removes: it may have to without the host. */
  async delete(): Promise<void> {}

  /** Hears what became of the objects. */
  receive(message: ToHost): void {
    if (!('object' in message)) return
    const sending = this.#sending.get(message.object)
    if (sending === undefined) return
    if (message.type === 'object stored') sending.stored.resolve(message.output)
    else if (message.type === 'object failed') sending.stored.reject(unpackThrown(message.failure))
    else {
      sending.untakenBytes -= message.bytes
      if (sending.untakenBytes < WINDOW_BYTES) sending.room?.resolve()
    }
  }

  async #sendAll(object: number, sending: Sending, body: ObjectBody): Promise<void> {
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      if (sending.untakenBytes >= WINDOW_BYTES) {
        sending.room = Promise.withResolvers()
        await Promise.race([sending.room.promise, sending.stored.promise])
      }
      sending.untakenBytes += chunk.byteLength
      this.#link.send({ type: 'object chunk', object, chunk })
    }
  }
}

function infoOf({ sizeBytes, sha256 }: OutputObject, contentType: string): ObjectInfo {
  return { sizeBytes, etag: `"${sha256}"`, modifiedAt: 0, contentType }
}
