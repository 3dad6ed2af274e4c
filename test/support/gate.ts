import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP relay before a server, on an address of its own, that can be shut and opened again: an outage without ending the server. */
export interface Gate extends AsyncDisposable {
  /** What stands for the server's own endpoint. */
  readonly endpoint: string
  /** Breaks every connection and refuses new ones. */
  shut(): Promise<void>
  open(): Promise<void>
}

/** Opens a gate before the server at `endpoint`. */
export async function openGate(endpoint: string): Promise<Gate> {
  const { hostname, port } = new URL(endpoint)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const behind = connect(Number(port), hostname)
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      sockets.add(one)
      one
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(one)
          other.destroy()
        })
      one.pipe(other)
    }
  })
  const listen = async (at: number): Promise<number> => {
    await once(server.listen(at, '127.0.0.1'), 'listening')
    const address = server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }
  const own = await listen(0)
  const shut = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    endpoint: `http://127.0.0.1:${own}`,
    shut,
    open: async () => void (await listen(own)),
    [Symbol.asyncDispose]: shut,
  }
}
