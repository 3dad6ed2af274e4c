import type { Claim, Dispatch, DispatchOptions, JobEngine } from '../../src/engine/job-engine.ts'

/** A run that a test holds in its hand: it ends when the test says so. */
export interface HeldRun extends Claim {
  worker: TestWorker
  end(): void
  fail(thrown: unknown): void
}

/** A worker whose runs wait for the test. */
export class TestWorker {
  readonly dispatch: Dispatch
  /** Runs that were begun and have not ended. */
  running = 0
  /** The most that ever ran at once. */
  peak = 0
  readonly #begun: HeldRun[] = []
  readonly #waiting: ((run: HeldRun) => void)[] = []

  constructor(engine: JobEngine, options: Partial<DispatchOptions> = {}) {
    const wanted = { worker: 'worker-1', concurrency: 1, leaseMs: 30_000, ...options }
    this.dispatch = engine.dispatch(wanted, (claim) => this.#run(claim))
  }

  /** The next run that begins. */
  next(): Promise<HeldRun> {
    const begun = this.#begun.shift()
    return begun ? Promise.resolve(begun) : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The next `count` runs that begin. */
  async take(count: number): Promise<HeldRun[]> {
    const runs: HeldRun[] = []
    for (let taken = 0; taken < count; taken++) runs.push(await this.next())
    return runs
  }

  /** Runs that were begun and that the test has not taken yet. */
  get untaken(): number {
    return this.#begun.length
  }

  async #run(claim: Claim): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.running++
    this.peak = Math.max(this.peak, this.running)
    const run = { ...claim, worker: this, end: resolve, fail: reject }
    const taker = this.#waiting.shift()
    if (taker) taker(run)
    else this.#begun.push(run)
    await promise.finally(() => {
      this.running--
    })
  }
}
