import { type Clock, sleep } from '../base/clock.ts'
import { LongshoreError, messageOf } from '../base/errors.ts'
import { backoffMs } from '../job/retry-policy.ts'

/** Where time and chance enter. */
export interface PatienceOptions {
  clock: Clock
  signal: AbortSignal
  /** A number in [0, 1). */
  random: () => number
}

/** Failures in a row before an object store is given up: with the delays below about 10 s, then the job's own retry takes over. */
const MAX_FAILURES = 6

const DELAYS = { baseMs: 250, capMs: 5_000 }

/** Counts the failures of one piece of work in a row and waits between them, longer each time. */
export class Patience {
  readonly #options: PatienceOptions
  #failures = 0

  constructor(options: PatienceOptions) {
    this.#options = options
  }

  /** Something was achieved: failures are counted from none again. */
  restore(): void {
    this.#failures = 0
  }

  /** Waits until it makes sense to try again; throws what failed when it never does, or not any more. */
  async endure(failure: unknown, what: string): Promise<void> {
    this.#options.signal.throwIfAborted()
    if (!isTransient(failure)) throw failure
    this.#failures += 1
    if (this.#failures >= MAX_FAILURES) throw givenUp(failure, what)
    const { clock, signal, random } = this.#options
    await sleep(clock, backoffMs(DELAYS, this.#failures, random()), signal)
  }
}

/** Runs `action` until it succeeds or patience is over. */
export async function withPatience<Result>(
  options: PatienceOptions,
  what: string,
  action: () => Promise<Result>,
): Promise<Result> {
  let patience: Patience | undefined
  for (;;) {
    try {
      return await action()
    } catch (failure) {
      patience ??= new Patience(options)
      await patience.endure(failure, what)
    }
  }
}

/** What breaks off a connection is not one of our errors, or says that the store is away. */
function isTransient(failure: unknown): boolean {
  return !(failure instanceof LongshoreError) || TRANSIENT.has(failure.code)
}

const TRANSIENT: ReadonlySet<string> = new Set(['STORE_UNAVAILABLE', 'OVERLOADED', 'RATE_LIMITED'])

function givenUp(failure: unknown, what: string): LongshoreError {
  const detail = `${what} failed ${MAX_FAILURES} times in a row, at last with: ${messageOf(failure)}`
  return new LongshoreError('STORE_UNAVAILABLE', detail, { cause: failure })
}
