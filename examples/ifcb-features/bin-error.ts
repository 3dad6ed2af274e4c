/** Where in a bin a fault lies; what is unknown or does not apply is left out. */
export interface BinFaultPlace {
  /** Stem of the bin, `D20130526T095207_IFCB013`. */
  readonly bin?: string
  /** Base name of the faulty file. */
  readonly file?: string
  /** Line of that file, from 1. */
  readonly line?: number
}

/**
 * A bin that cannot be read. The message is written for the person who recorded the bin: it names the file,
 * what is wrong with it and what usually causes that. Reading the same files again can only fail again.
 */
export class IfcbBinError extends Error {
  override readonly name = 'IfcbBinError'
  readonly bin: string | undefined
  readonly file: string | undefined
  readonly line: number | undefined

  constructor(message: string, place: BinFaultPlace = {}, options?: ErrorOptions) {
    super(message, options)
    this.bin = place.bin
    this.file = place.file
    this.line = place.line
  }

  /** The message with its full stop, unless it ends as a question. */
  get sentence(): string {
    return this.message.endsWith('?') ? this.message : `${this.message}.`
  }
}
