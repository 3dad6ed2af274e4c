import { type Clock, sleep } from '../../base/clock.ts'
import { LongshoreError } from '../../base/errors.ts'
import type { JsonValue } from '../../job/job.ts'
import type { Execution } from '../executor.ts'
import type { ProgramEnd } from '../supervisor/orders.ts'
import type { RunningProgram } from '../supervisor/supervisor.ts'
import type { CommandProcessor } from './command-processor.ts'
import { ProgramOutput } from './program-output.ts'
import { ProgramVoice } from './program-voice.ts'

/** Once a program is gone its streams end, unless somebody else holds them; what they still hold is read first. */
const STREAMS_END_MS = 1_000
/** After those who carry its mark were killed, only a process that shed its environment can hold them any longer. */
const LAST_WAIT_MS = 10_000

/** What a run is bound by. */
export interface RunBounds {
  clock: Clock
  /** Time between SIGTERM, which tells a program to stop, and SIGKILL. */
  abortGraceMs: number
}

/** One run of a program: hears it, ends it when it must end, and knows what came of it. */
export class CommandRun {
  readonly #program: RunningProgram
  readonly #signal: AbortSignal
  readonly #bounds: RunBounds
  readonly #output: ProgramOutput
  readonly #voice: ProgramVoice
  readonly #heard: Promise<unknown>
  #failure: Error | undefined

  constructor(program: RunningProgram, execution: Execution, options: CommandProcessor['options'], bounds: RunBounds) {
    const fail = (failure: Error): void => this.#fail(failure)
    this.#program = program
    this.#signal = execution.signal
    this.#bounds = bounds
    this.#output = new ProgramOutput(options, () => execution.log, fail)
    this.#voice = new ProgramVoice(execution, this.#output, fail)
    this.#heard = Promise.all([
      this.#output.readOutput(program.stdout),
      program.stderr && this.#output.readErrors(program.stderr),
      this.#voice.listen(program.channel),
    ])
  }

  /** Resolves with its result when nothing of it runs any more; throws what went wrong. */
  async result(): Promise<JsonValue> {
    const end = (): void => this.#program.end(this.#bounds.abortGraceMs)
    this.#signal.addEventListener('abort', end, { once: true })
    if (this.#signal.aborted) end()
    try {
      const how = await this.#program.gone
      const left = await this.#hearOut()
      this.#signal.throwIfAborted()
      this.#throwIfFailed(how, left)
      return this.#voice.result?.json ?? this.#output.result()
    } finally {
      this.#signal.removeEventListener('abort', end)
    }
  }

  /** The first failure counts; the program need not go on. */
  #fail(failure: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#program.end(this.#bounds.abortGraceMs)
  }

  /** Hears all that it has said; answers what became of those who outlived it and held its streams open, if there were any. */
  async #hearOut(): Promise<string | undefined> {
    if (await this.#isHeardWithin(STREAMS_END_MS)) return undefined
    const killed = await this.#program.sweep()
    if (await this.#isHeardWithin(LAST_WAIT_MS)) return killed > 0 ? LEFT_BEHIND : undefined
    for (const stream of [this.#program.stdout, this.#program.stderr, this.#program.channel]) stream?.destroy()
    await this.#heard
    return OUT_OF_REACH
  }

  #isHeardWithin(patienceMs: number): Promise<boolean> {
    const over = sleep(this.#bounds.clock, patienceMs).then(() => false)
    return Promise.race([this.#heard.then(() => true), over])
  }

  #throwIfFailed({ code, signal, leftBehind }: ProgramEnd, left: string | undefined): void {
    const failure = this.#failure ?? this.#voice.verdict
    if (failure) throw failure
    if (signal !== null) throw this.#failed(`was ended by ${signal}${signal === 'SIGKILL' ? MEMORY : ''}`)
    if (code !== 0) throw this.#failed(`ended with exit code ${code}`)
    if (left) throw this.#failed(left)
    if (leftBehind) throw this.#failed(LEFT_BEHIND)
  }

  #failed(how: string): LongshoreError {
    const { lastWords } = this.#output
    const said = lastWords === '' ? '' : ` Its last words: ${lastWords}`
    return new LongshoreError('COMMAND_FAILED', `The program ${how}.${said}`)
  }
}

const MEMORY = ', as the system does when memory runs out'
const LEFT_BEHIND =
  'ended and left processes running that it had started; they were killed. Let it wait for them before it ends'
const OUT_OF_REACH =
  'ended and left processes running that it had started, which hold its streams, could not be killed and may still run: are they another user’s?'
