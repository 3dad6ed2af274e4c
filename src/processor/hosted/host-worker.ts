import { clip } from '../../base/clip.ts'
import { sleep } from '../../base/clock.ts'
import { LongshoreError } from '../../base/errors.ts'
import type { JsonValue } from '../../job/job.ts'
import type { Execution } from '../executor.ts'
import type { Host, HostListener, HostParts } from './host.ts'
import { HostJob, hostDied } from './host-job.ts'
import type { FromHost } from './messages.ts'
import { unpackThrown } from './thrown.ts'

/** Of what a process writes to its standard error before it dies, so many characters are told. */
const LAST_WORDS_LENGTH = 2_000

/** One host and the jobs it is given. */
export class HostWorker {
  /** Resolves when nothing of the host runs any more. */
  readonly over: Promise<string>
  /** Jobs it was given. */
  jobs = 0
  /** What it held in memory after the last of them. */
  memoryBytes = 0
  /** Largest heap, in MiB. */
  readonly heapMb: number | undefined
  readonly #parts: HostParts
  readonly #ready = Promise.withResolvers<void>()
  readonly #shutDown = Promise.withResolvers<void>()
  readonly #over = Promise.withResolvers<string>()
  #opening: Promise<Host> | undefined
  #host: Host | undefined
  #job: HostJob | undefined
  #lastWords = ''
  #isOver = false

  constructor(parts: HostParts, heapMb: number | undefined) {
    this.#parts = parts
    this.heapMb = heapMb
    this.over = this.#over.promise
    for (const { promise } of [this.#ready, this.#shutDown]) promise.catch(() => {})
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Resolves when the processor has started up in it. */
  async start(): Promise<void> {
    const listener: HostListener = {
      onMessage: (message) => this.#hear(message),
      onOutput: (stream, line) => this.#note(stream, line),
    }
    this.#opening = this.#parts.open(listener, this.heapMb)
    this.#host = await this.#opening
    void this.#host.ended.then((how) => this.#end(how))
    await this.#ready.promise
  }

  /** Runs one attempt; settles only when nothing of it runs any more. */
  async run(execution: Execution): Promise<JsonValue> {
    const host = this.#host as Host
    const job = new HostJob(execution, (message) => host.send(message))
    const { signal } = execution
    const onAbort = (): void => this.#abort(job, signal)
    this.#job = job
    this.jobs++
    this.#lastWords = ''
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      job.begin()
      if (signal.aborted) onAbort()
      return await job.told
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.memoryBytes = job.memoryBytes
      this.#job = undefined
    }
  }

  /** Lets the processor shut down, and ends the host by force when that takes too long. Throws what `shutdown` threw. */
  async shutDown(): Promise<void> {
    if (this.#isOver) return
    this.#host?.send({ type: 'shut down' })
    const grace = sleep(this.#parts.clock, this.#job ? 0 : this.#parts.abortGraceMs)
    await Promise.race([this.#shutDown.promise, this.over, grace]).finally(() => this.kill())
  }

  /** Ends the host, by force if need be, also one that is only being opened. */
  async kill(): Promise<void> {
    const host = await this.#opening?.catch(() => undefined)
    if (host === undefined) return this.#end('it was not started')
    await host.kill()
    await this.over
  }

  #abort(job: HostJob, signal: AbortSignal): void {
    job.abort(signal.reason)
    void sleep(this.#parts.clock, this.#parts.abortGraceMs).then(() => {
      if (this.#job === job) void this.kill()
    })
  }

  #end(how: string): void {
    this.#isOver = true
    this.#over.resolve(how)
    const death = hostDied(this.#parts.kind, how, this.#lastWords)
    this.#ready.reject(death)
    this.#job?.fail(death)
  }

  #hear(message: FromHost): void {
    if (message.type === 'ready') this.#checkIdentity(message)
    else if (message.type === 'not ready') this.#ready.reject(unpackThrown(message.failure))
    else if (message.type !== 'shut down') this.#job?.receive(message)
    else if (message.failure === undefined) this.#shutDown.resolve()
    else this.#shutDown.reject(unpackThrown(message.failure))
  }

  #checkIdentity(found: { name: string; version: string }): void {
    const { name, version } = this.#parts.identity
    const text = `Expected the module of the execution to export the processor ${name} ${version}, got ${found.name} ${found.version}.`
    if (found.name === name && found.version === version) this.#ready.resolve()
    else this.#ready.reject(new LongshoreError('CONFIG_INVALID', text))
  }

  #note(stream: 'stdout' | 'stderr', line: string): void {
    if (stream === 'stderr')
      this.#lastWords = clip(`${this.#lastWords}\n${line}`.trim().slice(-LAST_WORDS_LENGTH), LAST_WORDS_LENGTH)
    if (this.#job) this.#job.output(stream, line)
    else this.#parts.log[stream === 'stdout' ? 'info' : 'warn']({ stream }, line)
  }
}
