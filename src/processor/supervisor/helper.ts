import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { sleep, systemClock } from '../../base/clock.ts'
import { mainFile } from '../../base/main-file.ts'
import { markedProcesses, signal } from './live-processes.ts'
import type { News, Order } from './orders.ts'

/**
 * Keeps the helper small, at 15 MiB of its own instead of 25: fork copies the page tables of whoever calls it, and exec
 * tears the copy down again. A fifth more programs start a second.
 */
const SMALL_HEAP = ['--max-semi-space-size=1', '--single-threaded']
/** What is killed is gone after a moment. */
const KILL_POLL_MS = 10

/** Who hears what the helper tells, and that it has ended without being asked to. */
export interface HelperListener {
  onNews(news: News): void
  onDeath(): void
}

/** One helper process that starts programs. */
export class Helper {
  readonly #child: ChildProcess
  readonly #mark = randomUUID()
  #stopped = false

  constructor(socketPath: string, listener: HelperListener) {
    this.#child = fork(mainFile('helper-main', import.meta.url), [socketPath, this.#mark], {
      execArgv: SMALL_HEAP,
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (news: News) => listener.onNews(news))
    this.#child.on('error', () => {
      if (this.#child.pid === undefined) listener.onDeath()
    })
    this.#child.once('exit', () => {
      if (!this.#stopped) void this.#killAll().then(() => listener.onDeath())
    })
  }

  /** Asks something of it. False when it is no longer there. */
  order(order: Order): boolean {
    if (!this.#child.connected) return false
    this.#child.send(order, () => {})
    return true
  }

  /** Ends it, and with it all that it started. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#child.pid === undefined) return
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    await exit
  }

  /** What a helper that was killed can no longer do. */
  async #killAll(): Promise<void> {
    for (;;) {
      const left = markedProcesses(`${this.#mark}.`)
      if (left.length === 0) return
      for (const id of left) signal(id, 'SIGKILL')
      await sleep(systemClock, KILL_POLL_MS)
    }
  }
}
