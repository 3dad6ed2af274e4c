import { mainFile } from '../../base/main-file.ts'
import { environment } from '../../config.ts'
import { LineReader } from '../line-reader.ts'
import type { RunningProgram, Supervisor } from '../supervisor/supervisor.ts'
import { Frames } from './frames.ts'
import type { Host, HostListener } from './host.ts'
import type { HostedModule } from './load-processor.ts'
import type { FromHost, ToHost } from './messages.ts'

/** A line of output is kept up to this length, in characters. */
const MAX_LINE_LENGTH = 8192

/** What a process is started with. */
interface ProcessHostParts {
  supervisor: Supervisor
  hosted: HostedModule
  /** Largest heap, in MiB; Node's own limit when undefined. */
  heapMb: number | undefined
  /** Between SIGTERM and SIGKILL. */
  graceMs: number
}

/** A process that runs the processor. */
export class ProcessHost implements Host {
  readonly ended: Promise<string>
  readonly #program: RunningProgram
  readonly #frames: Frames<FromHost, ToHost>
  readonly #graceMs: number

  private constructor(program: RunningProgram, graceMs: number, listener: HostListener) {
    this.#program = program
    this.#graceMs = graceMs
    let broken = false
    this.#frames = new Frames(
      program.channel,
      (message) => listener.onMessage(message),
      () => {
        broken = true
        program.end(0)
      },
    )
    for (const name of ['stdout', 'stderr'] as const) {
      const lines = new LineReader(MAX_LINE_LENGTH, (line) => listener.onOutput(name, line))
      program[name]?.on('data', (chunk) => lines.push(chunk)).once('end', () => lines.end())
      program[name]?.resume()
    }
    this.ended = program.gone.then(({ code, signal }) => {
      if (broken) return 'it was ended, as its code wrote to file descriptor 3, which is the line to the service'
      return signal === null ? `exit code ${code}` : `signal ${signal}`
    })
  }

  static async start(
    { supervisor, hosted, heapMb, graceMs }: ProcessHostParts,
    listener: HostListener,
  ): Promise<ProcessHost> {
    const heap = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`]
    const main = mainFile('process-main', import.meta.url)
    const program = await supervisor.run({
      argv: [process.execPath, ...inheritedOptions(process.execArgv), ...heap, main, hosted.module, hosted.export],
      cwd: process.cwd(),
      env: environment(),
      splitErrors: true,
    })
    return new ProcessHost(program, graceMs, listener)
  }

  send(message: ToHost): void {
    this.#frames.send(message)
  }

  async kill(): Promise<void> {
    this.#program.end(this.#graceMs)
    await this.#program.gone
  }
}

const NOT_INHERITED = /^(--(inspect|debug|test|watch|eval|print|input-type)|-[ep]$)/

/**
 * The options that a process was started with, so that modules are found alike; but two processes cannot have one debugger's
 * port, nor is its code theirs. An option that is left out takes the value behind it along.
 */
export function inheritedOptions(options: readonly string[]): string[] {
  let isLeftOut = false
  return options.filter((option) => {
    if (option.startsWith('-')) isLeftOut = NOT_INHERITED.test(option)
    return !isLeftOut
  })
}
