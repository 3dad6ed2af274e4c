/** Lets one action for each key in at a time, in the order they came. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Answers what the action answers; one that fails holds nobody up. */
  take<Answer>(key: string, action: () => Promise<Answer>): Promise<Answer> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.then(action, action)
    const leave = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
    this.#last.set(key, mine)
    mine.then(leave, leave)
    return mine
  }
}
