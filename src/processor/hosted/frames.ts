import type { Socket } from 'node:net'
import { deserialize, serialize } from 'node:v8'

const LENGTH_BYTES = 4
/** What serializing makes begins with it, and no text in UTF-8 holds it: text is known for what it is by its fifth byte. */
const FIRST_BYTE = 0xff
/** No message is longer; a length beyond it is none. A manifest of a million files makes some 200 MiB. */
const MAX_MESSAGE_BYTES = 1024 ** 3

/**
 * Messages over a stream, each with its length before it; any value that structured cloning takes. What is no message, as
 * somebody else wrote to the stream, breaks it: nothing more is read.
 */
export class Frames<Incoming, Outgoing> {
  readonly #stream: Socket
  readonly #listener: (message: Incoming) => void
  readonly #onBroken: () => void
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #isBroken = false
  #wantedBytes = LENGTH_BYTES + 1

  constructor(stream: Socket, listener: (message: Incoming) => void, onBroken: () => void) {
    this.#stream = stream
    this.#listener = listener
    this.#onBroken = onBroken
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.resume()
  }

  send(message: Outgoing): void {
    const body = serialize(message)
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32LE(body.length)
    this.#stream.cork()
    this.#stream.write(length)
    this.#stream.write(body)
    this.#stream.uncork()
  }

  #read(chunk: Buffer): void {
    if (this.#isBroken) return
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    while (!this.#isBroken && this.#waitingBytes >= this.#wantedBytes) this.#takeFrames()
  }

  #break(): void {
    this.#waiting = []
    this.#waitingBytes = 0
    this.#isBroken = true
    this.#onBroken()
  }

  /** Joins what came, once per frame that was not whole, and takes all that is whole out of it. */
  #takeFrames(): void {
    let rest = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting)
    while (rest.length >= LENGTH_BYTES && rest.length >= endOfFrame(rest)) {
      const message = read<Incoming>(rest.subarray(LENGTH_BYTES, endOfFrame(rest)))
      rest = rest.subarray(endOfFrame(rest))
      if (message === undefined) {
        this.#break()
        return
      }
      this.#listener(message)
    }
    this.#waiting = [rest]
    this.#waitingBytes = rest.length
    this.#wantedBytes = rest.length <= LENGTH_BYTES ? LENGTH_BYTES + 1 : endOfFrame(rest)
    const isText = rest.length > LENGTH_BYTES && rest[LENGTH_BYTES] !== FIRST_BYTE
    if (isText || this.#wantedBytes > MAX_MESSAGE_BYTES) this.#break()
  }
}

/** Undefined for bytes that are no message: every message is an object. */
function read<Message>(bytes: Buffer): Message | undefined {
  try {
    const message: unknown = deserialize(bytes)
    return typeof message === 'object' && message !== null ? (message as Message) : undefined
  } catch {
    return undefined
  }
}

/** Where the first frame ends, told by its length. */
function endOfFrame(bytes: Buffer): number {
  return LENGTH_BYTES + bytes.readUInt32LE()
}
