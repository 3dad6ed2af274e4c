import { type Clock, systemClock, type Timer } from '../../base/clock.ts'
import type { Progress } from '../../job/job.ts'
import { plainProgress } from '../plain-progress.ts'
import type { FromHost, ServiceLink } from './messages.ts'

/** Progress crosses at most this often; the service writes it still more seldom. */
const PROGRESS_EVERY_MS = 50
/** Lines that the service has not taken yet; beyond it lines are dropped and counted, so that no memory runs full. */
const MAX_UNTAKEN_LINES = 10_000
const LINES_PER_MESSAGE = 100

/**
 * What a job in a host says often: progress and log lines. They cross in few messages and in their order. A job that
 * never lets the event loop run is heard all the same, as what is due goes out with the call that made it due.
 */
export class NewsSender implements ServiceLink {
  readonly #link: ServiceLink
  readonly #clock: Clock
  #progress: Progress | undefined
  #sentProgressAt = 0
  #lines: string[] = []
  #untakenLines = 0
  #droppedLines = 0
  #timer: Timer | undefined
  #closed = false

  constructor(link: ServiceLink, clock: Clock = systemClock) {
    this.#link = link
    this.#clock = clock
  }

  /** Whether the last word is said. What a job says later, out of code it forgot, is heard by nobody. */
  get isClosed(): boolean {
    return this.#closed
  }

  progress(progress: Progress): void {
    if (this.#closed) return
    this.#progress = progress
    if (this.#clock.now() - this.#sentProgressAt >= PROGRESS_EVERY_MS) this.flush()
    else this.#arm()
  }

  log(line: string): void {
    if (this.#closed) return
    if (this.#untakenLines >= MAX_UNTAKEN_LINES) this.#droppedLines++
    else {
      this.#lines.push(line)
      this.#untakenLines++
    }
    if (this.#lines.length >= LINES_PER_MESSAGE) this.flush()
    else this.#arm()
  }

  /** The service has taken so many lines. */
  linesTaken(lines: number): void {
    this.#untakenLines -= lines
  }

  /** Sends a message after everything that was said before it. */
  send(message: FromHost): void {
    if (this.#closed) return
    this.flush()
    this.#link.send(message)
  }

  /** Sends the last message. */
  close(last: FromHost): void {
    this.send(last)
    this.#closed = true
  }

  /** Sends all that waits. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#noteDropped()
    if (this.#lines.length > 0) this.#link.send({ type: 'log', lines: this.#lines })
    this.#lines = []
    if (this.#progress === undefined) return
    this.#link.send({ type: 'progress', progress: plainProgress(this.#progress) })
    this.#progress = undefined
    this.#sentProgressAt = this.#clock.now()
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimer(PROGRESS_EVERY_MS, () => this.flush())
  }

  #noteDropped(): void {
    if (this.#droppedLines === 0) return
    const msg = `${this.#droppedLines} lines were dropped here: they came faster than they could be kept.`
    this.#lines.push(JSON.stringify({ level: 40, time: this.#clock.now(), msg }))
    this.#untakenLines++
    this.#droppedLines = 0
  }
}
