import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { Interrupted } from '../../src/cli/interrupts.ts'
import { runCli } from '../../src/cli/program.ts'

/** The world of a command that runs in this process. */
export interface CliRun {
  readonly env?: Record<string, string>
  /** Stands for Ctrl-C. */
  readonly interrupt?: AbortSignal
  readonly stdin?: string
  readonly clock?: Clock
  /** Hears what is told, as it is told. */
  readonly onTold?: (text: string) => void
}

/** What a command left. */
export interface CliEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process, on streams that are no terminal. */
export async function cli(
  args: readonly string[],
  { env = {}, interrupt, stdin = '', clock = systemClock, onTold }: CliRun = {},
): Promise<CliEnd> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  if (onTold) stderr.on('data', (text) => onTold(String(text)))
  const said = Promise.all([text(stdout), text(stderr)])
  const interrupts = (): AbortSignal => interrupted(interrupt)
  const input = new PassThrough().end(stdin)
  const code = await runCli(args, { stdin: input, stdout, stderr, env, clock, interrupts })
  stdout.end()
  stderr.end()
  const [printed, told] = await said
  return { code, stdout: printed, stderr: told }
}

function interrupted(by: AbortSignal | undefined): AbortSignal {
  const controller = new AbortController()
  by?.addEventListener('abort', () => controller.abort(new Interrupted()))
  return controller.signal
}
