import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** How a client waits for a job. */
export interface WayOfWaiting {
  name: string
  path: (jobId: string) => string
}

export const LONG_POLL: WayOfWaiting = { name: 'long polls', path: (jobId) => `/jobs/${jobId}?wait=60` }
export const EVENT_STREAM: WayOfWaiting = { name: 'event streams', path: (jobId) => `/jobs/${jobId}/events` }

/** A client that waits, on a connection of its own. */
export interface Waiter {
  socket: Socket
  /** Resolves once its request is sent; for a stream, once it has begun. */
  begun: Promise<void>
  /** Resolves once it has heard that the job is cancelled. */
  heard: Promise<void>
}

/** Waits for a job over a raw connection: ten thousand of Node's own clients would be measured instead of the service. */
export function startWaiter(url: string, way: WayOfWaiting, jobId: string): Waiter {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  const heard = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  let text = ''
  socket.on('connect', () => socket.write(`GET ${way.path(jobId)} HTTP/1.1\r\nHost: bench\r\n\r\n`))
  socket.on('error', heard.reject)
  socket.on('close', () => heard.reject(new Error(`the service closed the connection: ${text}`)))
  socket.on('data', (chunk) => {
    text = (text + chunk.toString('latin1')).slice(-4096)
    if (text.includes('event: job.queued')) answered.resolve()
    if (/event: job\.cancelled|"status":"cancelled"/.test(text)) heard.resolve()
  })
  const begun = way === EVENT_STREAM ? answered.promise : once(socket, 'connect').then(() => {})
  return { socket, begun, heard: heard.promise }
}

/** Asks over a few connections, one request at a time on each; answers how long each took, in ms. */
export async function askMany(url: string, requests: readonly string[], connections: number): Promise<number[]> {
  const port = Number(new URL(url).port)
  const left = requests.values()
  const times: number[] = []
  const run = async (): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    for (const request of left) {
      const begun = performance.now()
      socket.write(request)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      if (answer.toString('latin1', 9, 12) !== '202') throw new Error(`not accepted: ${answer}`)
      times.push(performance.now() - begun)
    }
    socket.destroy()
  }
  await Promise.all(Array.from({ length: connections }, run))
  return times
}

/** The bytes of a request. */
export function requestBytes(method: string, path: string, body = ''): string {
  const head = [`${method} ${path} HTTP/1.1`, 'Host: bench', 'Content-Type: application/json']
  return [...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')
}
