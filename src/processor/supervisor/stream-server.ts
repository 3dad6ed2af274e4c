import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { type ProgramStream, streamHeader } from './orders.ts'
import { makeSocketFolder } from './socket-folder.ts'

/** Takes the connections that become the streams of programs, in a folder that nobody else may enter. */
export class StreamServer {
  /** Where the helper connects to. */
  readonly path: string
  readonly #server: Server
  readonly #expected = new Map<string, (stream: Socket) => void>()

  private constructor(path: string) {
    this.path = path
    this.#server = createServer((stream) => this.#receive(stream))
  }

  static async open(): Promise<StreamServer> {
    const server = new StreamServer(await makeSocketFolder())
    await once(server.#server.listen(server.path), 'listening')
    // A connection that could not be accepted, e.g. for want of descriptors, ends for its program like a closed pipe.
    server.#server.on('error', () => {})
    return server
  }

  /** The stream, once the helper has opened it. It is paused. */
  stream(id: number, name: ProgramStream): Promise<Socket> {
    return new Promise((resolve) => this.#expected.set(streamHeader(id, name), resolve))
  }

  /** Expects it no more. */
  forget(id: number): void {
    for (const name of ['stdout', 'stderr', 'channel'] as const) this.#expected.delete(streamHeader(id, name))
  }

  async close(): Promise<void> {
    this.#server.close()
    await rm(dirname(this.path), { recursive: true, force: true })
  }

  /** The header comes first and by itself, so it is whole in the first chunk. */
  #receive(stream: Socket): void {
    stream.on('error', () => {})
    stream.once('data', (chunk: Buffer) => {
      stream.pause()
      const end = chunk.indexOf('\n') + 1
      const header = chunk.toString('latin1', 0, end)
      if (end < chunk.length) stream.unshift(chunk.subarray(end))
      const take = this.#expected.get(header)
      this.#expected.delete(header)
      if (take) take(stream)
      else stream.destroy()
    })
  }
}
