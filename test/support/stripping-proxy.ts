import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The address of a service below a path that the service itself does not know of. */
export interface StrippingProxy extends AsyncDisposable {
  /** Where clients find the service, with the path. */
  readonly url: string
  readonly origin: string
  /** Says where the service is, which may need `url` to start. */
  leadTo(service: string): void
}

/** Takes `path` off whatever is asked below it, as reverse proxies do, and answers 404 to all else. */
export async function openStrippingProxy(path: string): Promise<StrippingProxy> {
  let service = ''
  const server = createServer((incoming, reply) => {
    const { method, url = '', headers } = incoming
    if (!url.startsWith(`${path}/`)) {
      incoming.resume()
      reply.writeHead(404).end('Nothing is here.')
      return
    }
    const outgoing = request(service + url.slice(path.length), { method, headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(reply)
    })
    incoming.pipe(outgoing.on('error', () => reply.destroy()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${origin}${path}`,
    origin,
    leadTo: (url) => {
      service = url
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
