import { type Logger, pino } from 'pino'
import { LongshoreError, messageOf } from '../../base/errors.ts'
import type { JsonValue, Progress } from '../../job/job.ts'
import type { Resources } from '../../job/resources.ts'
import type { AttemptOutputs } from '../../output/job-outputs.ts'
import { openOutputs, outputPrefix } from '../../output/open-outputs.ts'
import type { Execution } from '../executor.ts'
import { checkFileMark } from '../file-mark.ts'
import { type HostedJob, newNumber, type ServiceLink, type ToHost } from './messages.ts'
import { NewsSender } from './news-sender.ts'
import { RemoteStore } from './remote-store.ts'
import { packThrown, unpackThrown } from './thrown.ts'

/** One attempt in a host: everything the processor asks of it goes to the service as messages. */
export class HostedExecution implements Execution {
  readonly #job: HostedJob
  readonly #news: NewsSender
  readonly #store: RemoteStore
  readonly #abort = new AbortController()
  readonly #saves = new Map<number, PromiseWithResolvers<void>>()
  readonly #indexes: ReadonlySet<number>
  #log: Logger | undefined
  #outputs: AttemptOutputs | undefined

  constructor(job: HostedJob, link: ServiceLink) {
    this.#job = job
    this.#indexes = new Set(job.files.map((file) => file.index))
    this.#news = new NewsSender(link)
    this.#store = new RemoteStore(this.#news, outputPrefix(job.outputs))
  }

  get jobId(): string {
    return this.#job.jobId
  }

  get attempt(): number {
    return this.#job.attempt
  }

  get files() {
    return this.#job.files
  }

  get parameters(): JsonValue {
    return this.#job.parameters
  }

  get checkpoint(): JsonValue {
    return this.#job.checkpoint
  }

  get resources(): Resources | null {
    return this.#job.resources
  }

  get schedule(): HostedJob['schedule'] {
    return this.#job.schedule
  }

  get traceparent(): string | null {
    return this.#job.traceparent
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get log(): Logger {
    const write = (line: string): void => this.#news.log(line)
    this.#log ??= pino({ level: this.#job.logLevel, base: null }, { write })
    return this.#log
  }

  get outputs(): AttemptOutputs {
    this.#outputs ??= openOutputs({ ...this.#job.outputs, store: this.#store, signal: this.signal })
    return this.#outputs
  }

  readonly workDir = (): string => this.#job.workDir

  onProgress(progress: Progress): void {
    this.#news.progress(progress)
  }

  onStrayError(thrown: unknown): void {
    this.#news.send({ type: 'stray error', failure: packThrown(thrown) })
  }

  saveCheckpoint(document: JsonValue): Promise<void> {
    if (this.#news.isClosed) {
      return Promise.reject(new LongshoreError('LEASE_LOST', 'The checkpoint was not saved: the attempt is over.'))
    }
    const saved = Promise.withResolvers<void>()
    const save = newNumber()
    this.#saves.set(save, saved)
    this.#news.send({ type: 'checkpoint', save, document })
    return saved.promise.finally(() => this.#saves.delete(save))
  }

  readonly markFile: Execution['markFile'] = (index, state, error) => {
    checkFileMark(this.#indexes.has(index), index, state)
    const text = error === undefined || error === null ? undefined : messageOf(error)
    this.#news.send({ type: 'mark file', index, state, ...(text !== undefined && { error: text }) })
  }

  /** Hears the service's answers. */
  receive(message: ToHost): void {
    if (message.type === 'abort') this.#abort.abort(unpackThrown(message.reason))
    else if (message.type === 'log taken') this.#news.linesTaken(message.lines)
    else if (message.type !== 'checkpoint saved') this.#store.receive(message)
    else if (message.failure === undefined) this.#saves.get(message.save)?.resolve()
    else this.#saves.get(message.save)?.reject(unpackThrown(message.failure))
  }

  /** Runs the attempt to its end and tells how that was. Its writers are closed before it says that it completed. */
  async run(execute: (execution: Execution) => Promise<JsonValue>): Promise<void> {
    try {
      const result = await execute(this)
      await this.#outputs?.commit()
      this.#news.close({ type: 'completed', result, memoryBytes: process.memoryUsage.rss() })
    } catch (thrown) {
      await this.#outputs?.discard()
      this.#news.close({ type: 'failed', failure: packThrown(thrown), memoryBytes: process.memoryUsage.rss() })
    }
  }
}
