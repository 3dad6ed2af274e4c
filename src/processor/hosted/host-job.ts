import type { Level } from 'pino'
import { LongshoreError, messageOf } from '../../base/errors.ts'
import type { JsonValue } from '../../job/job.ts'
import type { Execution } from '../executor.ts'
import type { FromHost, HostedJob, ToHost } from './messages.ts'
import { ReceivedObjects } from './received-objects.ts'
import { packThrown, unpackThrown } from './thrown.ts'

/** One attempt that runs in a host, as the service sees it: answers what the host asks, and ends as the host says. */
export class HostJob {
  /** How it ended, as the host told it: with the result, or with what was thrown. */
  readonly told: Promise<JsonValue>
  /** What the process held in memory at the end; 0 until then. */
  memoryBytes = 0
  readonly #execution: Execution
  readonly #send: (message: ToHost) => void
  readonly #objects: ReceivedObjects
  readonly #verdict = Promise.withResolvers<JsonValue>()

  constructor(execution: Execution, send: (message: ToHost) => void) {
    this.#execution = execution
    this.#send = send
    this.#objects = new ReceivedObjects(() => execution.outputs, send)
    this.told = this.#verdict.promise
    this.told.catch(() => {})
  }

  /** Hands the job over. */
  begin(): void {
    this.#send({ type: 'run', job: hostedJobOf(this.#execution) })
  }

  abort(reason: unknown): void {
    this.#send({ type: 'abort', reason: packThrown(reason) })
  }

  /** It ends without its host's word. */
  fail(failure: Error): void {
    this.#verdict.reject(failure)
  }

  /** What the processor's code says in the host's name need not make sense: that is its attempt's fault, not the service's. */
  receive(message: FromHost): void {
    try {
      this.#take(message)
    } catch (failure) {
      this.#execution.onStrayError(failure)
    }
  }

  /** What the processor's code printed is kept with the job. */
  output(stream: 'stdout' | 'stderr', line: string): void {
    this.#execution.log[stream === 'stdout' ? 'info' : 'warn']({ stream }, line)
  }

  #take(message: FromHost): void {
    if ('object' in message) this.#objects.receive(message)
    else if (message.type === 'completed') this.#end(message.memoryBytes, () => this.#verdict.resolve(message.result))
    else if (message.type === 'failed') this.#end(message.memoryBytes, () => this.fail(unpackThrown(message.failure)))
    else this.#note(message)
  }

  #end(memoryBytes: number, decide: () => void): void {
    this.memoryBytes = memoryBytes
    decide()
  }

  #note(message: FromHost): void {
    if (message.type === 'progress') this.#execution.onProgress(message.progress)
    else if (message.type === 'log') this.#log(message.lines)
    else if (message.type === 'checkpoint') void this.#save(message.save, message.document)
    else if (message.type === 'mark file') this.#execution.markFile(message.index, message.state, message.error)
    else if (message.type === 'stray error') this.#execution.onStrayError(unpackThrown(message.failure))
  }

  #log(lines: readonly string[]): void {
    for (const text of lines) {
      const { level, time: _time, msg, ...fields } = JSON.parse(text)
      this.#execution.log[levelOf(level)](fields, msg)
    }
    this.#send({ type: 'log taken', lines: lines.length })
  }

  async #save(save: number, document: JsonValue): Promise<void> {
    try {
      await this.#execution.saveCheckpoint(document)
      this.#send({ type: 'checkpoint saved', save })
    } catch (failure) {
      this.#send({ type: 'checkpoint saved', save, failure: packThrown(failure) })
    }
  }
}

/** What Node says of a thread, and V8 before it aborts the process. */
const HEAP_FULL = /heap out of memory/

/** Why a job ended that its host did not tell the end of. */
export function hostDied(kind: string, how: string, lastWords: string): LongshoreError {
  const said = lastWords === '' ? '' : ` Its last words: ${lastWords}`
  const text = `The ${kind} that ran the processor ended: ${messageOf(how)}.${said}`
  if (!HEAP_FULL.test(how) && !(how === 'signal SIGABRT' && HEAP_FULL.test(lastWords))) {
    return new LongshoreError('PROCESS_DIED', text)
  }
  return new LongshoreError('OUT_OF_MEMORY', `${text} Raise memory_bytes of the job, or maxMemoryMb of the execution.`)
}

function hostedJobOf(execution: Execution): HostedJob {
  const { jobId, attempt, files, parameters, checkpoint, resources, schedule, traceparent, log, outputs } = execution
  const workDir = execution.workDir()
  const logLevel = log.level
  const given = { jobId, attempt, files, parameters, checkpoint, resources, schedule, workDir, traceparent }
  return { ...given, logLevel, outputs: outputs.plan }
}

const LEVELS: readonly [number, Level][] = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warn'],
  [30, 'info'],
  [20, 'debug'],
]

/** Levels of a user's own count as the next lower one of pino's. */
function levelOf(value: number): Level {
  return LEVELS.find(([least]) => value >= least)?.[1] ?? 'trace'
}
