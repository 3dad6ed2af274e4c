import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

/** 32 bytes, as `WEBHOOK_SECRET` takes them. */
export const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`

/** A webhook as it arrived; its signature was verified. */
export interface Received {
  id: string
  headers: IncomingHttpHeaders
  body: { type: string; timestamp: string; data: { job_id: string; status: string } & Record<string, unknown> }
}

/** Answers the nth request (from 1). */
export type Answer = (n: number, response: ServerResponse, request: IncomingMessage) => void

/** Answers with a status and nothing else. */
export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (_n, response) => response.writeHead(code, headers).end()
}

/** A receiver of webhooks in this process, which verifies each of them with the library of Standard Webhooks. */
export async function openReceiver(answer: Answer = status(204), host = '127.0.0.1') {
  const received: Received[] = []
  const faults: unknown[] = []
  const verifier = new Webhook(WEBHOOK_SECRET)
  let asked = 0
  const hearers = new Set<() => void>()
  const server = createServer(async (request, response) => {
    asked += 1
    const n = asked
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const headers = request.headers as Record<string, string>
      const body = verifier.verify(Buffer.concat(chunks), headers) as Received['body']
      received.push({ id: headers['webhook-id'] ?? '', headers, body })
    } catch (fault) {
      faults.push(fault)
    }
    answer(n, response, request)
    for (const hear of hearers) hear()
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}/hook`,
    port,
    received,
    /** What came and was no webhook of ours. */
    faults,
    /** Resolves once so many requests have come. */
    async seen(count: number): Promise<void> {
      while (asked < count) await new Promise<void>((resolve) => hearers.add(resolve))
    },
    get asked(): number {
      return asked
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
