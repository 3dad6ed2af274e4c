/** Who hears when something will be due. */
export class DueNews {
  readonly #listeners: ((dueAt: number) => void)[] = []

  /** Adds a listener, for as long as the engine is there. */
  listen(listener: (dueAt: number) => void): void {
    this.#listeners.push(listener)
  }

  tell(dueAt: number): void {
    for (const listener of this.#listeners) listener(dueAt)
  }
}
