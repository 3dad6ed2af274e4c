import type { Clock } from '../base/clock.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** Where text goes: a terminal, a file, a pipe. */
export interface TextStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean
  /** Width of the terminal. */
  readonly columns?: number
}

/** The world around a command, handed in so that a test can be that world. */
export interface World {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: TextStream
  readonly stderr: TextStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /**
   * Takes Ctrl-C over from the system: the signal aborts at the first, with an `Interrupted`. A second one ends the
   * process at once. A command that handles signals itself, as `serve` does, does not ask.
   */
  interrupts(): AbortSignal
}

/** What a command works with: its world, and how it will end. */
export class CliContext {
  readonly world: World
  /** What the process exits with, unless the command throws. */
  exitCode: ExitCode = EXIT.done

  constructor(world: World) {
    this.world = world
  }
}
