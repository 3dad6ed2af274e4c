/** Lets one action in at a time, in the order they came. */
export class Turnstile {
  #last: Promise<unknown> = Promise.resolve()

  /** Answers what the action answers; one that fails holds nobody up. */
  pass<Result>(action: () => Promise<Result>): Promise<Result> {
    const mine = this.#last.then(action)
    this.#last = mine.catch(() => {})
    return mine
  }
}
