import type { Job } from '../job/job.ts'
import type { Outcome } from '../job/settlement.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { AttemptTrace } from './attempt-trace.ts'
import type { Facts, Stage, Verdict } from './facts.ts'

/** What writing outputs asks of a store. */
type OutputStore = Pick<ObjectStore, 'put' | 'delete'>

/** Watches one attempt from its begin to its end: times its stages, tells of them, and traces them where that is set up. */
export class AttemptWatch {
  readonly #facts: Facts
  readonly #trace: AttemptTrace | undefined
  readonly #given: string | null
  #verdict: Verdict = 'lost'

  constructor(job: Pick<Job, 'runAt' | 'startedAt' | 'traceparent'>, facts: Facts, trace?: AttemptTrace) {
    this.#facts = facts
    this.#trace = trace
    this.#given = job.traceparent
    const durationMs = Math.max(0, (job.startedAt ?? job.runAt) - job.runAt)
    facts.tell({ type: 'stage.ended', stage: 'wait', durationMs, bytes: 0 })
  }

  /** The span to hang others below just now; null outside of any trace. */
  get traceparent(): string | null {
    return this.#trace?.traceparent ?? this.#given
  }

  /** Runs a stage; `bytesOf` says how many bytes came of it. */
  async stage<Result>(
    stage: Exclude<Stage, 'wait'>,
    action: () => Promise<Result>,
    bytesOf?: (result: Result) => number,
  ): Promise<Result> {
    this.#facts.tell({ type: 'stage.began', stage })
    const began = performance.now()
    let bytes = 0
    try {
      const result = await (this.#trace ? this.#trace.stage(stage, action) : action())
      bytes = bytesOf?.(result) ?? 0
      return result
    } finally {
      this.#facts.tell({ type: 'stage.ended', stage, durationMs: performance.now() - began, bytes })
    }
  }

  /** The store that outputs are written to, each write watched. */
  outputStore(store: OutputStore): OutputStore {
    const trace = this.#trace
    if (trace === undefined) return store
    return {
      put: (ref, body, options) => trace.output(ref.key, () => store.put(ref, body, options)),
      delete: (refs) => store.delete(refs),
    }
  }

  /** Notes what was settled: a cancel may have come first, so the job has the last word. Undefined when the lease was stale. */
  settled(outcome: Outcome, after: Pick<Job, 'state'> | undefined): void {
    if (after === undefined) return
    this.#verdict = after.state === 'queued' ? verdictOf(outcome) : verdictOf({ type: after.state })
  }

  /** The attempt is over here. */
  end(): void {
    this.#facts.tell({ type: 'attempt.ended', verdict: this.#verdict })
    this.#trace?.end(this.#verdict)
  }
}

/** An attempt never settles as expired, and no settled job is processing. */
function verdictOf({ type }: { type: Outcome['type'] | Job['state'] }): Verdict {
  return type === 'expired' || type === 'processing' || type === 'queued' ? 'lost' : type
}
