import { styleText } from 'node:util'
import type { TextStream, World } from './context.ts'
import type { OutputOptions } from './options.ts'
import { safeJson } from './render/safe-text.ts'

/** How text can be made to stand out. */
export type Style = Parameters<typeof styleText>[0]

/** Colours text, or leaves it: a stream that is no terminal, and `NO_COLOR`, take none; `FORCE_COLOR` forces it. */
export type Paint = (style: Style, text: string) => string

/** Where a command's words go: results to standard output, everything told meanwhile to standard error. */
export class Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly #stdout: TextStream
  readonly #stderr: TextStream

  constructor({ stdout, stderr }: Pick<World, 'stdout' | 'stderr'>, { json, quiet }: OutputOptions = {}) {
    this.json = json === true
    this.quiet = quiet === true
    this.#stdout = stdout
    this.#stderr = stderr
  }

  /** Prints a result for people. */
  print(text: string): void {
    this.#stdout.write(`${text}\n`)
  }

  /** Prints the one document that `--json` promises. */
  printJson(value: unknown): void {
    this.#stdout.write(`${safeJson(value, 2)}\n`)
  }

  /** Prints one line of a stream of documents. */
  printJsonLine(value: unknown): void {
    this.#stdout.write(`${safeJson(value)}\n`)
  }

  /** Tells what happens meanwhile; `--quiet` leaves it out. */
  tell(text: string): void {
    if (!this.quiet) this.#stderr.write(`${text}\n`)
  }

  /** Says what must be known, quiet or not. */
  warn(text: string): void {
    this.#stderr.write(`${text}\n`)
  }

  /** Columns that a line on standard output may take; a file or a pipe has no edge. */
  get width(): number {
    return this.#stdout.isTTY ? (this.#stdout.columns ?? 80) : Number.POSITIVE_INFINITY
  }

  /** Colours what is printed. */
  readonly paint: Paint = (style, text) => styleText(style, text, { stream: this.#stdout, validateStream: true })

  /** Colours what is told. */
  readonly paintTold: Paint = (style, text) => styleText(style, text, { stream: this.#stderr, validateStream: true })
}
