import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An S3 server that refuses some requests, as one does whose policy lacks a permission. */
export interface DenyingProxy extends AsyncDisposable {
  readonly endpoint: string
}

const DENIED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'

/** Stands before the server at `endpoint` and refuses what `denies` says, by method and path with query. */
export async function openDenyingProxy(
  endpoint: string,
  denies: (method: string, url: string) => boolean,
): Promise<DenyingProxy> {
  const server = createServer((incoming, reply) => {
    if (denies(incoming.method ?? '', incoming.url ?? '')) {
      incoming.resume()
      reply.writeHead(403, { 'content-type': 'application/xml' }).end(DENIED)
      return
    }
    const outgoing = forward(endpoint, incoming, (answer) => {
      reply.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(reply)
    })
    outgoing.on('error', () => reply.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The headers go on as they are, the host among them, because they are signed. */
function forward(endpoint: string, incoming: IncomingMessage, onAnswer: (answer: IncomingMessage) => void) {
  const { method, url, headers } = incoming
  const { hostname, port } = new URL(endpoint)
  return incoming.pipe(request({ hostname, port, path: url, method, headers }, onAnswer))
}
