import type { Socket } from 'node:net'
import { deserialize, serialize } from 'node:v8'

const LENGTH_BYTES = 4

/** Messages over a stream, each with its length before it; any value that structured cloning takes. */
export class Frames<Incoming, Outgoing> {
  readonly #stream: Socket
  readonly #listener: (message: Incoming) => void
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #wantedBytes = LENGTH_BYTES

  constructor(stream: Socket, listener: (message: Incoming) => void) {
    this.#stream = stream
    this.#listener = listener
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
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    while (this.#waitingBytes >= this.#wantedBytes) this.#takeFrames()
  }

  /** Joins what came, once per frame that was not whole, and takes all that is whole out of it. */
  #takeFrames(): void {
    let rest = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting)
    this.#wantedBytes = LENGTH_BYTES
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readUInt32LE()
      this.#wantedBytes = end
      if (rest.length < end) break
      const message: Incoming = deserialize(rest.subarray(LENGTH_BYTES, end))
      rest = rest.subarray(end)
      this.#wantedBytes = LENGTH_BYTES
      this.#listener(message)
    }
    this.#waiting = [rest]
    this.#waitingBytes = rest.length
  }
}
