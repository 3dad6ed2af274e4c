import { ProcessorUse } from './processor-use.ts'

/** Beyond this share of a processor it is this process that everything waits for, not the database. */
const NARROW = 0.5

/** A round is not halved below so many. */
const FEW = 16

/** Something that waits for its round. */
export interface LaneTask {
  reject(thrown: unknown): void
}

/**
 * Gathers what is asked for while a round is under way, and serves it in the next one: the slower the database, the more
 * share a statement. One round at a time, so statements of one lane never wait for each other's locks.
 *
 * Tasks of one round are answered at once, so those who asked come back at once: in the end all share one round, and
 * process and database work by turns, never together. Where the process is the narrow place, a round takes only half of
 * those that go through the lane, and it works on the others meanwhile.
 */
export class Lane<Task extends LaneTask> {
  readonly #serve: (tasks: readonly Task[]) => Promise<void>
  readonly #processor: Pick<ProcessorUse, 'share'>
  #waiting: Task[] = []
  /** How many the last round served. */
  #served = 0
  #asked = false
  #running: Promise<void> | undefined
  #closed: unknown

  /** @param serve answers each of its tasks; what it throws rejects those that are left */
  constructor(
    serve: (tasks: readonly Task[]) => Promise<void>,
    processor: Pick<ProcessorUse, 'share'> = new ProcessorUse(),
  ) {
    this.#serve = serve
    this.#processor = processor
  }

  /** Asks for a task to be served. */
  add(task: Task): void {
    if (this.#closed === undefined) {
      this.#waiting.push(task)
      this.request()
    } else task.reject(this.#closed)
  }

  /** Asks for a round, whether or not there is a task. */
  request(): void {
    if (this.#closed !== undefined) return
    this.#asked = true
    this.#running ??= this.#run()
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /** Serves what was asked for; afterwards everything is refused with `reason`. */
  async close(reason: Error): Promise<void> {
    this.#closed ??= reason
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#asked) {
      // A statement wakes its server, which may take the processor: what is to be done in this turn of the loop goes first.
      await new Promise((resolve) => setImmediate(resolve))
      const tasks = this.#take()
      this.#asked = this.#waiting.length > 0
      await this.#serve(tasks).catch((thrown) => {
        for (const task of tasks) task.reject(thrown)
      })
    }
    this.#running = undefined
  }

  /** The tasks of the next round. */
  #take(): Task[] {
    const isNarrow = this.#processor.share > NARROW
    const half = Math.max(FEW, Math.ceil((this.#waiting.length + this.#served) / 2))
    const tasks = this.#waiting.splice(0, isNarrow ? half : this.#waiting.length)
    if (tasks.length > 0) this.#served = tasks.length
    return tasks
  }
}
