import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { randomOf } from './random.ts'

/** How bad the network is. */
export interface Weather {
  /** The same seed, and the same connections in the same order, meet the same fate. */
  seed: number
  /** How many of a hundred connections come to harm: one third each dropped or cut, stalled on the way up, on the way down. */
  harmedPercent: number
  /** Bytes on the way up within which it happens. */
  withinBytes: number
}

/** A TCP relay before a server that harms connections. */
export interface ChaosProxy extends AsyncDisposable {
  readonly url: string
  /** Where connections lead from now on; those there are stay as they are. */
  target: string
  /** Bytes that clients have sent so far. */
  readonly sentBytes: number
  /** Connections so far: all, and those that came to harm. */
  readonly connections: { all: number; harmed: number }
}

/** What becomes of a connection: after so many bytes in one direction it is cut, or nothing moves any more. */
interface Fate {
  way: 'up' | 'down'
  end: 'cut' | 'stall'
  afterBytes: number
}

/** Answers of a service to a part are a few hundred bytes. */
const DOWN_BYTES = 2000

/** Opens a relay; without weather it only counts. */
export async function openChaosProxy(target: string, weather?: Weather): Promise<ChaosProxy> {
  const next = randomOf(weather?.seed ?? 0)
  const sockets = new Set<Socket>()
  const proxy = { target, sentBytes: 0, connections: { all: 0, harmed: 0 } }
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const fate = weather && fateOf(weather, next)
    proxy.connections.all += 1
    if (fate) proxy.connections.harmed += 1
    const { hostname, port } = new URL(proxy.target)
    const behind = connect(Number(port), hostname)
    pair(socket, behind, sockets)
    relay(socket, behind, fate?.way === 'up' ? fate : undefined, (bytes) => {
      proxy.sentBytes += bytes
    })
    relay(behind, socket, fate?.way === 'down' ? fate : undefined)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  })
}

function fateOf({ harmedPercent, withinBytes }: Weather, next: () => number): Fate | undefined {
  // Always as many numbers, so that one connection does not change the fate of the next.
  const [harm, kind, place] = [next() * 100, Math.floor(next() * 3), next()]
  if (harm >= harmedPercent) return undefined
  if (kind === 0) return { way: 'up', end: 'cut', afterBytes: Math.floor(place * withinBytes) }
  if (kind === 1) return { way: 'up', end: 'stall', afterBytes: Math.floor(place * withinBytes) }
  return { way: 'down', end: place < 0.5 ? 'cut' : 'stall', afterBytes: Math.floor(place * DOWN_BYTES) }
}

/** Lets two sockets end together. */
function pair(one: Socket, other: Socket, sockets: Set<Socket>): void {
  for (const [socket, peer] of [
    [one, other],
    [other, one],
  ] as const) {
    sockets.add(socket)
    socket
      .on('error', () => {})
      .on('close', () => {
        sockets.delete(socket)
        peer.destroy()
      })
  }
}

function relay(from: Readable, to: Writable, fate: Fate | undefined, count: (bytes: number) => void = () => {}): void {
  let passed = 0
  from
    .on('data', (chunk: Buffer) => {
      const left = (fate?.afterBytes ?? Number.POSITIVE_INFINITY) - passed
      const piece = chunk.length > left ? chunk.subarray(0, left) : chunk
      passed += piece.length
      count(piece.length)
      if (to.writable && !to.write(piece)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
      if (piece.length === chunk.length || fate === undefined) return
      if (fate.end === 'cut') from.destroy()
      else from.removeAllListeners('data').pause()
    })
    .on('end', () => to.end())
  from.resume()
}
