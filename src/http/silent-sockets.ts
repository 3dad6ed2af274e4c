import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Connections on which nothing has come yet, such as browsers and connection pools open in advance. Node does not count
 * them as idle, so without this a stop would wait for them until they time out.
 */
export class SilentSockets {
  readonly #open = new Set<Socket>()

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket)
      socket.once('close', () => this.#open.delete(socket))
    })
  }

  /** Cuts them all: nothing was promised on any. */
  cut(): void {
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy()
  }
}
