import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Connections on which no request has come yet, such as browsers and connection pools open in advance. Node does not
 * count them as idle, so without this a stop would wait for them until they time out.
 */
export class SilentSockets {
  readonly #silent = new Set<Socket>()

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#silent.add(socket)
      socket.once('close', () => this.#silent.delete(socket))
    })
    server.on('request', ({ socket }: IncomingMessage) => this.#silent.delete(socket))
  }

  /** Cuts them all: nothing was promised on any. */
  cut(): void {
    for (const socket of this.#silent) socket.destroy()
  }
}
