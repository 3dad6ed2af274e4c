import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A request as the tiny server received it. */
export interface Received {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: Buffer
}

/** What it answers: a status, headers and a body; `cut` breaks the connection instead. */
export interface Answer {
  status?: number
  headers?: Record<string, string>
  body?: unknown
  cut?: boolean
}

/** A server that answers as `answer` says and keeps what it was asked. */
export async function tinyServer(answer: (request: Received) => Answer | Promise<Answer>) {
  const received: Received[] = []
  const server = createServer(async (incoming, outgoing) => {
    const { method = '', url: path = '', headers } = incoming
    const request = { method, path, headers, body: await buffer(incoming) }
    received.push(request)
    const { status = 200, headers: answerHeaders = {}, body, cut = false } = await answer(request)
    if (cut) return void incoming.socket.destroy()
    outgoing.writeHead(status, answerHeaders)
    outgoing.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
