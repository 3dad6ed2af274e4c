/** Thrown by a processor to fail its job for good: no attempt will be made again. */
export class UnrecoverableError extends Error {
  override readonly name = 'UnrecoverableError'
}

/** Thrown by a processor to run its job later without spending an attempt. */
export class SnoozeError extends Error {
  override readonly name = 'SnoozeError'
  readonly delayMs: number

  /** @param delayMs how long from now, in ms; at least 0 */
  constructor(delayMs: number, message = `snoozed for ${delayMs} ms`) {
    super(message)
    if (!(delayMs >= 0 && Number.isFinite(delayMs))) {
      throw new RangeError(`Expected the delay of a SnoozeError to be a number of ms from 0, got ${delayMs}.`)
    }
    this.delayMs = delayMs
  }
}
