import type { Socket } from 'node:net'
import type { Level, Logger } from 'pino'
import { LongshoreError, messageOf } from '../../base/errors.ts'
import type { JsonValue } from '../../job/job.ts'
import { LineReader } from '../line-reader.ts'
import type { CommandProcessor } from './command-processor.ts'
import { readPieces } from './read-pieces.ts'

/** A line that is printed is kept up to this length, in characters. */
const MAX_LINE_LENGTH = 8192
/** What an attempt's log takes of a program, in characters, with some for each line; a job keeps the newest lines of it. */
const MAX_LOG_LENGTH = 4 * 1024 * 1024
const LENGTH_PER_LINE = 200
const MAX_RESULT_BYTES = 16 * 1024 * 1024
/** Of the end of what a program printed, so much is told when it fails. */
const LAST_WORDS_BYTES = 2_000

/** What a program prints: lines for the log, up to a bound, or a result. */
export class ProgramOutput {
  readonly #options: CommandProcessor['options']
  readonly #log: () => Logger
  readonly #fail: (failure: Error) => void
  #printed: Buffer[] = []
  #bytes = 0
  #logLength = 0
  #lastWords: Buffer = Buffer.alloc(0)

  /** @param fail hears that there is too much of it */
  constructor(options: CommandProcessor['options'], log: () => Logger, fail: (failure: Error) => void) {
    this.#options = options
    this.#log = log
    this.#fail = fail
  }

  /** The end of what it printed for people. */
  get lastWords(): string {
    return this.#lastWords
      .toString()
      .replace(/^\uFFFD+/, '')
      .trim()
  }

  /** Reads standard output to its end. */
  readOutput(stream: Socket): Promise<void> {
    return this.#options.stdout === 'log' ? this.#readLines('stdout', stream) : this.#readResult(stream)
  }

  /** Reads standard error to its end. */
  readErrors(stream: Socket): Promise<void> {
    return this.#readLines('stderr', stream)
  }

  /** Writes a line to the log, unless that has had enough of this program. */
  log(level: Level, line: string, fields: Readonly<Record<string, JsonValue>>): void {
    if (this.#isLogFull) return
    this.#logLength += line.length + LENGTH_PER_LINE
    if (this.#isLogFull) this.#log().warn('The program has written more than a log takes; what follows is dropped.')
    else this.#log()[level](fields, line)
  }

  /** The result that it printed, if that is how it gives it. */
  result(): JsonValue {
    if (this.#options.stdout === 'log') return null
    const text = Buffer.concat(this.#printed).toString().trimEnd()
    if (this.#options.stdout === 'text') return text
    try {
      return JSON.parse(text)
    } catch (failure) {
      throw new LongshoreError('RESULT_INVALID', `The program's output is not JSON: ${messageOf(failure)}.`)
    }
  }

  get #isLogFull(): boolean {
    return this.#logLength > MAX_LOG_LENGTH
  }

  async #readLines(name: 'stdout' | 'stderr', stream: Socket): Promise<void> {
    const level = name === 'stdout' ? 'info' : 'warn'
    const lines = new LineReader(MAX_LINE_LENGTH, (line) => this.log(level, line, { stream: name }))
    await readPieces(stream, (piece) => {
      this.#count(piece)
      this.#lastWords = Buffer.concat([this.#lastWords, piece]).subarray(-LAST_WORDS_BYTES)
      if (!this.#isLogFull) lines.push(piece)
    })
    lines.end()
  }

  #count(piece: Buffer): void {
    this.#bytes += piece.length
    const { maxOutputMb } = this.#options
    if (this.#bytes <= maxOutputMb * 1024 * 1024) return
    const text = `The program printed more than ${maxOutputMb} MiB and was ended. Write files to {outdir}, or raise maxOutputMb.`
    this.#fail(new LongshoreError('COMMAND_FAILED', text))
  }

  async #readResult(stream: Socket): Promise<void> {
    let bytes = 0
    await readPieces(stream, (piece) => {
      bytes += piece.length
      if (bytes <= MAX_RESULT_BYTES) this.#printed.push(piece)
      else this.#refuseResult()
    })
  }

  #refuseResult(): void {
    this.#printed = []
    const text = 'The program printed a result of more than 16 MiB and was ended. Write data to {outdir}.'
    this.#fail(new LongshoreError('RESULT_INVALID', text))
  }
}
