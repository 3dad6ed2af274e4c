/** One event of a stream, as WHATWG's HTML standard §9.2 defines it. */
export interface ServerSentEvent {
  /** The last id that the stream named; empty before the first. */
  readonly id: string
  readonly type: string
  readonly data: string
}

/** Takes a stream of server-sent events apart, piece by piece. An event that is not whole at the end of the stream is none. */
export class EventStreamParser {
  readonly #decoder = new TextDecoder()
  #endedWithCr = false
  #partialLine = ''
  #id = ''
  #type = ''
  #data: string[] = []
  #dataChars = 0
  /** How long the stream asks to wait before coming back, in ms. */
  retryMs: number | undefined

  /** How much of an event that is not whole yet is held. */
  get heldChars(): number {
    return this.#partialLine.length + this.#dataChars
  }

  /** The events that a further piece completes, wherever the stream was cut into pieces. */
  *push(bytes: Uint8Array): Generator<ServerSentEvent, void> {
    for (const line of this.#linesOf(this.#decoder.decode(bytes, { stream: true }))) {
      if (line !== '') this.#take(line)
      else yield* this.#dispatch()
    }
  }

  /** Lines end with CR LF, LF or CR. A CR ends its line at once, without waiting whether an LF follows. */
  #linesOf(text: string): string[] {
    if (text === '') return []
    const rest = this.#endedWithCr && text.startsWith('\n') ? text.slice(1) : text
    this.#endedWithCr = rest.endsWith('\r')
    const lines = rest.split(/\r\n|\r|\n/)
    lines[0] = this.#partialLine + lines[0]
    this.#partialLine = lines.pop() ?? ''
    return lines
  }

  /** A line without a name before its colon is a comment, and no case of these. */
  #take(line: string): void {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') this.#hold(value)
    else if (name === 'event') this.#type = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
  }

  #hold(line: string): void {
    this.#data.push(line)
    this.#dataChars += line.length + 1
  }

  *#dispatch(): Generator<ServerSentEvent, void> {
    const data = this.#data
    const event = { id: this.#id, type: this.#type || 'message', data: data.join('\n') }
    this.#type = ''
    this.#data = []
    this.#dataChars = 0
    if (data.length > 0) yield event
  }
}
