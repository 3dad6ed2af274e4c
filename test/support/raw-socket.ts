import { connect, type Socket } from 'node:net'

/** A raw connection to a service, and all it has answered so far. */
export interface RawConnection {
  socket: Socket
  heard: () => string
  /** Resolves with all that was heard once the other side has closed. */
  closed: Promise<string>
}

/** Connects to the address of a service. */
export function connectRaw(url: string): RawConnection {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString()
  })
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(heard)))
  return { socket, heard: () => heard, closed }
}

/** Sends bytes and answers what comes back until the other side closes. */
export function converse(url: string, writes: readonly string[]): Promise<string> {
  const { socket, closed } = connectRaw(url)
  for (const bytes of writes) socket.write(bytes, 'latin1')
  return closed
}
