import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server that can lose an answer. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number
  /** The answer to the next request that contains `words` is lost with its connection; resolves when it is. */
  loseAnswerTo(words: string): Promise<void>
}

/** Stands before a server and passes everything on, but for the answers it is told to lose. */
export async function cuttingProxy(host: string, port: number): Promise<CuttingProxy> {
  let trap: { words: string; sprung(): void } | undefined
  const sockets = new Set<Socket>()
  const listener = createServer((client) => {
    const server = connect(port, host)
    let losing: (() => void) | undefined
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (trap && chunk.includes(trap.words)) {
        losing = trap.sprung
        trap = undefined
      }
      server.write(chunk)
    })
    server.on('data', (chunk) => {
      if (losing === undefined) {
        client.write(chunk)
        return
      }
      losing()
      client.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    loseAnswerTo: (words) => new Promise((resolve) => (trap = { words, sprung: resolve })),
    [Symbol.asyncDispose]: async () => {
      listener.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
