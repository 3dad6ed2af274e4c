import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { childrenOf } from './process-tree.ts'

const MAIN = fileURLToPath(new URL('./chaos-main.ts', import.meta.url))
const CLOCK = new URL('./wrong-clock.ts', import.meta.url).href

/** A start that fails, e.g. while the database is away, is tried again after this, in ms, as a supervisor would. */
const START_AGAIN_MS = 500

/** What one process of the run is made of. */
export interface MemberParts {
  name: string
  port: number
  settings: Readonly<Record<string, string>>
  /** Everything it says goes here. */
  logFile: string
  /** Hears when it ends and nobody ended it. */
  onStrayEnd(how: string): void
}

/** One service of the run, started again whenever it ends. */
export class Member {
  readonly name: string
  readonly url: string
  readonly #parts: MemberParts
  readonly #log: WriteStream
  #child: ChildProcess | undefined
  #isUp = false
  #isWanted = true
  #frozen: number[] = []
  /** The processes it has been. */
  readonly pids: number[] = []

  constructor(parts: MemberParts) {
    this.name = parts.name
    this.url = `http://127.0.0.1:${parts.port}`
    this.#parts = parts
    this.#log = createWriteStream(parts.logFile, { flags: 'a' })
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  /** Starts it, again and again until it listens; rejects when it ends at its very first start. */
  async start(): Promise<void> {
    while (this.#isWanted && !(await this.#startOnce())) {
      if (this.pids.length === 1) throw new Error(`${this.name} does not start: see ${this.#parts.logFile}`)
      await pause(START_AGAIN_MS)
    }
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Ends it by a signal, waits, and starts it again. One that is down already, or about to be, is left alone. */
  async restart(signal: NodeJS.Signals, awayMs: number): Promise<boolean> {
    const child = this.#child
    if (!this.#isUp || child === undefined) return false
    this.thaw()
    this.#isUp = false
    this.note(`${signal} from the chaos`)
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    await pause(awayMs)
    await this.start()
    return true
  }

  /** Stops its clockwork; with its children, what it has started, too. */
  freeze(withChildren: boolean): boolean {
    if (!this.#isUp || this.#child?.pid === undefined || this.#frozen.length > 0) return false
    this.note('frozen by the chaos')
    this.#frozen = [this.#child.pid, ...(withChildren ? childrenOf(this.#child.pid) : [])]
    for (const pid of this.#frozen) send(pid, 'SIGSTOP')
    return true
  }

  thaw(): void {
    if (this.#frozen.length > 0) this.note('thawed by the chaos')
    for (const pid of this.#frozen.splice(0)) send(pid, 'SIGCONT')
  }

  /** Kills one of the processes it has started, wherever in its tree; false when there is none. */
  killChild(which: number): boolean {
    const children = this.#isUp && this.#child?.pid !== undefined ? childrenOf(this.#child.pid) : []
    const pid = children[which % children.length]
    if (pid === undefined) return false
    this.note(`its child ${pid} killed by the chaos`)
    send(pid, 'SIGKILL')
    return true
  }

  /** Stops it as an operator would; answers its exit code, or the signal that ended it. */
  async stop(): Promise<number | string | null> {
    this.#isWanted = false
    this.thaw()
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null
    this.#isUp = false
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const [code, signal] = await exited
    this.#log.end()
    return code ?? signal
  }

  /** Writes into its log what happens to it. */
  note(text: string): void {
    this.#log.write(`${JSON.stringify({ time: Date.now(), chaos: text })}\n`)
  }

  async #startOnce(): Promise<boolean> {
    const { settings, port } = this.#parts
    const child = spawn(process.execPath, ['--conditions=longshore-source', MAIN], {
      env: { ...process.env, ...settings, PORT: String(port), NODE_OPTIONS: `--import ${CLOCK}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    if (child.pid !== undefined) this.pids.push(child.pid)
    const exited = once(child, 'exit')
    this.#isUp = await Promise.race([this.#listening(child), exited.then(() => false)])
    if (!this.#isUp) return false
    void exited.then(([code, signal]) => {
      if (!this.#isUp || this.#child !== child) return
      this.#isUp = false
      this.#parts.onStrayEnd(`${this.name} ended by itself: ${code ?? signal}`)
      void this.start()
    })
    return true
  }

  #listening(child: ChildProcess): Promise<true> {
    return new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream === null) continue
        createInterface({ input: stream }).on('line', (line) => {
          this.#log.write(`${line}\n`)
          if (line.includes(' listens on ')) resolve(true)
        })
      }
    })
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
