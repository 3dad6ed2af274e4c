import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { type Clock, sleep } from '../../base/clock.ts'
import { groupExists, isAlive, liveProcesses, signal } from './live-processes.ts'
import type { ProgramEnd } from './orders.ts'

/** What a program leaves running for a moment when it ends, e.g. the rest of a pipeline, is no fault. */
const LINGER_MS = 1_000
/** What is left behind is asked to end, and then killed. */
const LEFT_BEHIND_GRACE_MS = 1_000
const FIRST_POLL_MS = 2
const LONGEST_POLL_MS = 100

/** A program and everything it started: the processes of its group, and those that left the group but carry its mark. */
export class ProgramGroup {
  /** Resolves when nothing of it runs any more. */
  readonly gone: Promise<ProgramEnd>
  readonly #group: number
  readonly #mark: string
  readonly #clock: Clock
  #ending: Promise<void> | undefined

  /** @param child the leader of a process group of its own */
  constructor(child: ChildProcess & { pid: number }, mark: string, clock: Clock) {
    this.#group = child.pid
    this.#mark = mark
    this.#clock = clock
    this.gone = this.#watch(child)
  }

  /** Ends it: SIGTERM to all of it, and SIGKILL to what is there after the grace. Resolves when nothing is left. */
  end(graceMs: number): Promise<void> {
    this.#ending ??= this.#end(graceMs)
    return this.#ending
  }

  /** SIGKILL to the group, without waiting for what becomes of it. */
  kill(): void {
    signal(-this.#group, 'SIGKILL')
  }

  async #watch(child: ChildProcess): Promise<ProgramEnd> {
    const [code, signalName] = await once(child, 'exit')
    const leftBehind = this.#ending === undefined && groupExists(this.#group) && (await this.#lingers())
    if (leftBehind) this.end(LEFT_BEHIND_GRACE_MS)
    await this.#ending
    return { code, signal: signalName, leftBehind }
  }

  async #lingers(): Promise<boolean> {
    await this.#untilGone(LINGER_MS, () => liveProcesses(this.#group))
    return this.#ending === undefined && liveProcesses(this.#group).length > 0
  }

  async #end(graceMs: number): Promise<void> {
    const found = new Set<number>()
    const members = (): number[] => {
      for (const id of liveProcesses(this.#group, this.#mark)) found.add(id)
      return [...found].filter(isAlive)
    }
    this.#signalAll(members(), 'SIGTERM')
    await this.#untilGone(graceMs, members)
    for (let left = members(); left.length > 0; left = members()) {
      this.#signalAll(left, 'SIGKILL')
      await this.#untilGone(LONGEST_POLL_MS, members)
    }
  }

  /** A group is signalled as a whole, so that no process slips through by being born meanwhile. */
  #signalAll(members: readonly number[], name: NodeJS.Signals): void {
    signal(-this.#group, name)
    for (const id of members) if (id > 0) signal(id, name)
  }

  async #untilGone(withinMs: number, members: () => number[]): Promise<void> {
    const deadline = this.#clock.now() + withinMs
    let pollMs = FIRST_POLL_MS
    while (members().length > 0) {
      const leftMs = deadline - this.#clock.now()
      if (leftMs <= 0) return
      await sleep(this.#clock, Math.min(pollMs, leftMs))
      pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS)
    }
  }
}
