import { InlineExecutor } from '../inline-executor.ts'
import { HostedExecution } from './hosted-execution.ts'
import { type HostedModule, loadProcessor } from './load-processor.ts'
import type { ServiceLink, ToHost } from './messages.ts'
import { packThrown } from './thrown.ts'

/** The life of a processor in a thread or process of its own: startup, one job after the other, shutdown. */
export class HostSession {
  readonly #link: ServiceLink
  readonly #close: () => void
  readonly #executor: Promise<InlineExecutor>
  #execution: HostedExecution | undefined

  /** @param close ends the thread or process, once all that was sent is on its way */
  constructor(link: ServiceLink, hosted: HostedModule, close: () => void) {
    this.#link = link
    this.#close = close
    this.#executor = this.#startUp(hosted)
    this.#executor.catch(close)
  }

  receive(message: ToHost): void {
    if (message.type === 'run') void this.#run(new HostedExecution(message.job, this.#link))
    else if (message.type === 'shut down') void this.#shutDown()
    else this.#execution?.receive(message)
  }

  /** An error that nobody caught belongs to the job at hand: there is one at a time. False when there is none. */
  blame(thrown: unknown): boolean {
    this.#execution?.onStrayError(thrown)
    return this.#execution !== undefined
  }

  async #startUp(hosted: HostedModule): Promise<InlineExecutor> {
    try {
      const processor = await loadProcessor(hosted)
      const executor = new InlineExecutor(processor)
      await executor.start()
      this.#link.send({ type: 'ready', name: processor.name, version: processor.version })
      return executor
    } catch (failure) {
      this.#link.send({ type: 'not ready', failure: packThrown(failure) })
      throw failure
    }
  }

  async #run(execution: HostedExecution): Promise<void> {
    this.#execution = execution
    const executor = await this.#executor
    await execution.run((each) => executor.execute(each))
    if (this.#execution === execution) this.#execution = undefined
  }

  async #shutDown(): Promise<void> {
    try {
      const executor = await this.#executor
      await executor.stop()
      this.#link.send({ type: 'shut down' })
    } catch (failure) {
      this.#link.send({ type: 'shut down', failure: packThrown(failure) })
    }
    this.#close()
  }
}
