import { EXIT } from './exit-codes.ts'

/** Why a signal of {@link processInterrupts} aborted. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  constructor() {
    super('interrupted')
  }
}

/** A signal that aborts at the first SIGINT or SIGTERM; the second ends the process, whatever it is doing. */
export function processInterrupts(): AbortSignal {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted)
    controller.abort(new Interrupted())
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return controller.signal
}
