import { Worker } from 'node:worker_threads'
import { messageOf } from '../../base/errors.ts'
import { mainFile } from '../../base/main-file.ts'
import type { Host, HostListener } from './host.ts'
import type { HostedModule } from './load-processor.ts'
import type { FromHost, ToHost } from './messages.ts'

/** A thread that runs the processor. What its code prints goes where the service's own output goes. */
export class ThreadHost implements Host {
  readonly ended: Promise<string>
  readonly #worker: Worker

  /** @param maxMemoryMb largest heap, in MiB; a thread that needs more is ended */
  constructor(hosted: HostedModule, maxMemoryMb: number | undefined, listener: HostListener) {
    this.#worker = new Worker(mainFile('thread-main', import.meta.url), {
      workerData: hosted,
      ...(maxMemoryMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb } }),
    })
    this.#worker.on('message', (message: FromHost) => listener.onMessage(message))
    this.ended = endOf(this.#worker)
  }

  send(message: ToHost): void {
    this.#worker.postMessage(message)
  }

  /** Even a loop without end is broken off, between two of its instructions; a call into native code is waited for. */
  async kill(): Promise<void> {
    await this.#worker.terminate()
  }
}

function endOf(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    let failure: string | undefined
    worker.on('error', (thrown) => {
      failure = messageOf(thrown)
    })
    worker.once('exit', (code) => resolve(failure ?? `exit code ${code}`))
  })
}
