/** Something that waits for its round. */
export interface LaneTask {
  reject(thrown: unknown): void
}

/**
 * Gathers what is asked for while a round is under way, and serves all of it in the next one: the slower the database,
 * the more share a statement. One round at a time, so statements of one lane never wait for each other's locks.
 */
export class Lane<Task extends LaneTask> {
  readonly #serve: (tasks: readonly Task[]) => Promise<void>
  #waiting: Task[] = []
  #asked = false
  #running: Promise<void> | undefined
  #closed: unknown

  /** @param serve answers each of its tasks; what it throws rejects those that are left */
  constructor(serve: (tasks: readonly Task[]) => Promise<void>) {
    this.#serve = serve
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
      await new Promise((resolve) => setImmediate(resolve))
      this.#asked = false
      const tasks = this.#waiting
      this.#waiting = []
      await this.#serve(tasks).catch((thrown) => {
        for (const task of tasks) task.reject(thrown)
      })
    }
    this.#running = undefined
  }
}
