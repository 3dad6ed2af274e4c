import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A relay before a service that holds parts of uploads back. */
export interface HeldParts extends AsyncDisposable {
  readonly url: string
  /** Resolves when a part is held. */
  readonly held: Promise<void>
  /** Parts that were let through. */
  readonly passed: number
  /** Lets every further part through; those that are held stay so. */
  release(): void
}

/** Lets so many parts through, and leaves the others without an answer until `release`. */
export async function holdParts(target: string, letThrough: number): Promise<HeldParts> {
  const held = Promise.withResolvers<void>()
  const relay = { passed: 0, limit: letThrough }
  const server = createServer((incoming, answer) => {
    const isPart = incoming.method === 'PUT'
    if (isPart && relay.passed >= relay.limit) return held.resolve()
    if (isPart) relay.passed += 1
    pass(target, incoming, answer)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: held.promise,
    get passed() {
      return relay.passed
    },
    release: () => {
      relay.limit = Number.POSITIVE_INFINITY
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The `Host` goes along, so that the service hands out URLs that lead here. */
function pass(target: string, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, headers } = incoming
  const outgoing = request(new URL(incoming.url ?? '/', target), { method, headers, setHost: false })
  outgoing.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  outgoing.on('error', () => answer.destroy())
  incoming.on('error', () => outgoing.destroy())
  answer.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}
