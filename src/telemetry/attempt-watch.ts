import type { Job } from '../job/job.ts'
import type { Outcome } from '../job/settlement.ts'
import type { Facts, Stage, Verdict } from './facts.ts'

/** Watches one attempt from its begin to its end: times its stages and tells of them. */
export class AttemptWatch {
  readonly #facts: Facts
  #verdict: Verdict = 'lost'

  constructor(job: Pick<Job, 'runAt' | 'startedAt'>, facts: Facts) {
    this.#facts = facts
    const durationMs = Math.max(0, (job.startedAt ?? job.runAt) - job.runAt)
    facts.tell({ type: 'stage.ended', stage: 'wait', durationMs, bytes: 0 })
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
      const result = await action()
      bytes = bytesOf?.(result) ?? 0
      return result
    } finally {
      this.#facts.tell({ type: 'stage.ended', stage, durationMs: performance.now() - began, bytes })
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
  }
}

/** An attempt never settles as expired, and no settled job is processing. */
function verdictOf({ type }: { type: Outcome['type'] | Job['state'] }): Verdict {
  return type === 'expired' || type === 'processing' || type === 'queued' ? 'lost' : type
}
