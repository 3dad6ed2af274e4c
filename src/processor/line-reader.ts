import { StringDecoder } from 'node:string_decoder'

/** Makes lines of bytes as they come: characters may be split between chunks, and lines be longer than is kept. */
export class LineReader {
  readonly #decoder = new StringDecoder('utf8')
  readonly #maxLength: number
  readonly #onLine: (line: string, isCut: boolean) => void
  #rest = ''
  #isCut = false

  /**
   * @param maxLength characters that are kept of a line
   * @param onLine hears every line without its end, and whether some of it is missing
   */
  constructor(maxLength: number, onLine: (line: string, isCut: boolean) => void) {
    this.#maxLength = maxLength
    this.#onLine = onLine
  }

  /** Whether some of the line that is being read is missing already. */
  get isCut(): boolean {
    return this.#isCut
  }

  push(chunk: Uint8Array): void {
    const text = this.#decoder.write(chunk)
    let from = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      this.#keep(text.slice(from, end))
      this.#finish()
      from = end + 1
    }
    this.#keep(text.slice(from))
  }

  /** No more bytes come: what is left is a line too. */
  end(): void {
    this.#keep(this.#decoder.end())
    if (this.#rest !== '' || this.#isCut) this.#finish()
  }

  #keep(text: string): void {
    const room = this.#maxLength - this.#rest.length
    if (text.length > room) this.#isCut = true
    if (room > 0) this.#rest += text.slice(0, room)
  }

  #finish(): void {
    const line = this.#rest.endsWith('\r') ? this.#rest.slice(0, -1) : this.#rest
    const isCut = this.#isCut
    this.#rest = ''
    this.#isCut = false
    this.#onLine(line, isCut)
  }
}
