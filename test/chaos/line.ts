import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP relay between one replica and one server, to which the weather of a network happens. */
export interface Line extends AsyncDisposable {
  readonly port: number
  /** Breaks every connection. */
  cut(): void
  /** Breaks every connection and all that come, until `heal`. */
  refuse(): void
  /** Nothing moves any more, in either direction, until `heal`; nobody is told. */
  stall(): void
  /** What the server says is lost until `heal`, which breaks the connections that lost something. */
  mute(): void
  heal(): void
}

type State = 'open' | 'refusing' | 'stalled' | 'muted'

/** One connection through a line. */
class Wire {
  readonly #client: Socket
  readonly #server: Socket
  #lossy = false
  #held = false

  constructor(client: Socket, port: number, stateOf: () => State, onClose: (wire: Wire) => void) {
    this.#client = client
    this.#server = connect(port, '127.0.0.1')
    this.#relay(client, this.#server, () => true)
    this.#relay(this.#server, client, () => {
      const isMuted = stateOf() === 'muted'
      this.#lossy ||= isMuted
      return !isMuted
    })
    for (const socket of [client, this.#server]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        this.break()
        onClose(this)
      })
    }
  }

  break(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  hold(): void {
    this.#held = true
    this.#client.pause()
    this.#server.pause()
  }

  letGo(): void {
    if (this.#lossy) this.break()
    this.#held = false
    this.#client.resume()
    this.#server.resume()
  }

  #relay(from: Socket, to: Socket, passes: () => boolean): void {
    from.on('data', (chunk) => {
      if (!passes() || to.destroyed || to.write(chunk)) return
      from.pause()
      to.once('drain', () => this.#held || from.resume())
    })
    from.on('end', () => to.end())
  }
}

/** Opens a line to a port of this machine. */
export async function openLine(target: number): Promise<Line> {
  let state: State = 'open'
  const wires = new Set<Wire>()
  const listener = createServer((socket) => {
    const wire = new Wire(
      socket,
      target,
      () => state,
      (closed) => wires.delete(closed),
    )
    wires.add(wire)
    if (state === 'refusing') wire.break()
    if (state === 'stalled') wire.hold()
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const cut = (): void => {
    for (const wire of wires) wire.break()
  }
  return {
    port: (listener.address() as AddressInfo).port,
    cut,
    refuse: () => {
      state = 'refusing'
      cut()
    },
    stall: () => {
      state = 'stalled'
      for (const wire of wires) wire.hold()
    },
    mute: () => {
      state = 'muted'
    },
    heal: () => {
      state = 'open'
      for (const wire of wires) wire.letGo()
    },
    [Symbol.asyncDispose]: async () => {
      listener.close()
      cut()
    },
  }
}
