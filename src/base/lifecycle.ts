/** Something that is started once and stopped once. Both are safe to call twice, and `stop` is safe without `start`. */
export interface Component {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts components in the order they were given and stops those that were started in reverse order. */
export class Lifecycle implements Component {
  readonly #components: readonly Component[]
  readonly #started: Component[] = []
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(components: readonly Component[]) {
    this.#components = components
  }

  /** Starts all; if one fails, those already started are stopped and the failure is thrown. */
  start(): Promise<void> {
    this.#starting ??= this.#startAll()
    return this.#starting
  }

  /** Stops all that were started, even if one of them fails to stop; the first failure is thrown at the end. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #startAll(): Promise<void> {
    try {
      for (const component of this.#components) {
        if (this.#stopping) return
        this.#started.push(component)
        await component.start()
      }
    } catch (failure) {
      await this.#stopStarted().catch(() => {})
      throw failure
    }
  }

  async #stopAll(): Promise<void> {
    await this.#starting?.catch(() => {})
    await this.#stopStarted()
  }

  async #stopStarted(): Promise<void> {
    const failures: unknown[] = []
    for (let component = this.#started.pop(); component; component = this.#started.pop()) {
      try {
        await component.stop()
      } catch (failure) {
        failures.push(failure)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
