/** The parts of an attempt that are timed: waiting for a worker, fetching inputs, the processor's code, closing outputs, writing the verdict. */
export type Stage = 'wait' | 'download' | 'process' | 'output' | 'settle'

/** What an attempt came to; `lost` when nothing could be settled, because another worker held the job. */
export const VERDICTS = ['completed', 'failed', 'cancelled', 'snoozed', 'interrupted', 'lost'] as const

/** What an attempt came to. */
export type Verdict = (typeof VERDICTS)[number]

/**
 * What the rooms tell of their work, beside the events of jobs, which the engine tells (`JobEvent`).
 *
 * | fact | told when | measures | metadata |
 * |---|---|---|---|
 * | `request.answered` | an HTTP answer was sent or broke off | `durationMs` | `method`, `route` (its pattern), `status` |
 * | `request.refused` | it was answered with a problem | | `code` of the error table |
 * | `requests.held` | another request is held open here, or one less | | `count` of all |
 * | `engine.called` | a call of the job engine has ended | `durationMs` | `verb`, `code` when it failed |
 * | `store.called` | a call of the object store has ended | `durationMs`, `bytes` written | `verb`, `code` when it failed |
 * | `stage.began` | a stage of an attempt begins here | | `stage` |
 * | `stage.ended` | it has ended, or a wait is over | `durationMs`, `bytes` fetched or committed | `stage` |
 * | `attempt.ended` | an attempt is over here | | `verdict` |
 * | `webhook.tried` | a receiver was told of a job's end, or could not be | `durationMs` | `outcome`, `status`, `error`, `attempt`, `nextAt`, whose and whither |
 * | `schedule.fired` | a schedule submitted a job here | `lateMs`, null when by hand | |
 * | `schedule.skipped` | ticks of a schedule made no job | `count` | `reason` |
 */
export type Fact =
  | { type: 'request.answered'; method: string; route: string; status: number; durationMs: number }
  | { type: 'request.refused'; code: string }
  | { type: 'requests.held'; count: number }
  | { type: 'engine.called'; verb: string; durationMs: number; code: string | undefined }
  | { type: 'store.called'; verb: string; durationMs: number; code: string | undefined; bytes: number }
  | { type: 'stage.began'; stage: Exclude<Stage, 'wait'> }
  | { type: 'stage.ended'; stage: Stage; durationMs: number; bytes: number }
  | { type: 'attempt.ended'; verdict: Verdict }
  | {
      type: 'webhook.tried'
      /** `retried` is tried again, `failed` is given up, `interrupted` was broken off by a stop. */
      outcome: 'delivered' | 'retried' | 'failed' | 'interrupted'
      durationMs: number
      status: number | null
      error: string | null
      attempt: number
      nextAt: number | null
      jobId: string
      deliveryId: string
      host: string
      tenant: string | null
      traceparent: string | null
    }
  | { type: 'schedule.fired'; lateMs: number | null }
  | { type: 'schedule.skipped'; reason: string; count: number }

/** Hears of facts; quick, and must not throw. */
export type FactListener = (fact: Fact) => void

/** The stream on which facts leave. Whoever tells does not know who listens. */
export class Facts {
  readonly #listeners: FactListener[] = []
  readonly #onError: (thrown: unknown) => void

  /** @param onError hears of a listener that threw; the work that was told of goes on */
  constructor(onError: (thrown: unknown) => void) {
    this.#onError = onError
  }

  /** Whether anybody listens: telling takes a little time, most of it in finding out what to tell. */
  get isHeard(): boolean {
    return this.#listeners.length > 0
  }

  /** Tells everybody who listens. */
  tell(fact: Fact): void {
    for (const listener of this.#listeners) {
      try {
        listener(fact)
      } catch (thrown) {
        this.#onError(thrown)
      }
    }
  }

  /** Adds a listener, for as long as the stream is there. */
  listen(listener: FactListener): void {
    this.#listeners.push(listener)
  }
}
