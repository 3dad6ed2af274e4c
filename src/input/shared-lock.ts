/** The newest work on a key: sharers that overlap wait for the same `gate`, who comes next waits for their `tail`. */
interface Group {
  shared: boolean
  gate: Promise<void>
  tail: Promise<void>
}

/** Work on one key: many may share it, or one has it alone; in order of asking. */
export class SharedLock {
  readonly #newest = new Map<string, Group>()

  /** Runs `work` beside other shared work on the key. */
  shared<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    return this.#run(key, work, true)
  }

  /** Runs `work` alone on the key. */
  alone<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    return this.#run(key, work, false)
  }

  #run<Result>(key: string, work: () => Promise<Result>, shared: boolean): Promise<Result> {
    const newest = this.#newest.get(key)
    const joined = shared && newest?.shared ? newest : undefined
    const gate = joined ? joined.gate : (newest?.tail ?? Promise.resolve())
    const result = gate.then(work)
    const ended = result.then(ignore, ignore)
    const tail = joined ? Promise.all([joined.tail, ended]).then(ignore) : ended
    const group: Group = { shared, gate, tail }
    this.#newest.set(key, group)
    tail.then(() => this.#newest.get(key) === group && this.#newest.delete(key))
    return result
  }
}

const ignore = (): void => {}
