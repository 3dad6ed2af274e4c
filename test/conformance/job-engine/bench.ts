import type { Clock } from '../../../src/base/clock.ts'
import type { JobEngine } from '../../../src/engine/job-engine.ts'
import { isFinal, type Job, type NewJob } from '../../../src/job/job.ts'
import { DEFAULT_RETRY_POLICY } from '../../../src/job/retry-policy.ts'
import { type Outcome, type Settlement, settle } from '../../../src/job/settlement.ts'
import { newJob } from '../../support/new-job.ts'

/** An engine on the bench, with its time in the test's hand. */
export interface EngineBench extends AsyncDisposable {
  readonly engine: JobEngine
  readonly clock: Clock
  /** Moves the engine's time. */
  advance(byMs: number): void
  /** Drops the engine as a dying process would, unsettled attempts and all, and starts another on the same store. */
  reopen(): Promise<JobEngine>
}

/** Gives a started engine on an empty store. */
export type MakeEngine = () => Promise<EngineBench>

/** Log lines that the engine under test keeps with a job. */
export const MAX_LOG_LINES = 20

/** Keeps a job with these wishes. */
export async function submit({ engine, clock }: EngineBench, wishes: Partial<NewJob> = {}): Promise<Job> {
  const { job } = await engine.insert(newJob(clock.now(), wishes))
  return job
}

/** What the policy makes of an outcome. Chance is 1/2: the first retry comes after 5 s. */
export function decideOn(outcome: Outcome, now: number): (job: Job) => Settlement {
  return (job) => settle(job, outcome, { now, random: 0.5, policy: DEFAULT_RETRY_POLICY })
}

export const COMPLETED: Outcome = { type: 'completed', result: { answer: 42 }, outputs: [] }
export const FAILED: Outcome = { type: 'failed', code: 'PROCESSOR_FAILED', message: 'It broke.', retryable: true }
export const UNRECOVERABLE: Outcome = { type: 'failed', code: 'UNRECOVERABLE', message: 'Never.', retryable: false }

/** Claims the next job that is due and ends its attempt; answers the job after it. */
export async function runOne({ engine, clock }: EngineBench, outcome: Outcome): Promise<Job> {
  const { promise, resolve, reject } = Promise.withResolvers<Job | undefined>()
  let taken = false
  const dispatch = engine.dispatch({ worker: 'runner', concurrency: 1, leaseMs: 30_000 }, async ({ lease }) => {
    const isFirst = !taken
    taken = true
    const own = isFirst ? outcome : ({ type: 'interrupted' } as const)
    const stopped = isFirst ? undefined : dispatch.stop()
    const settled = await engine.settle(lease, decideOn(own, clock.now()), {})
    if (isFirst) resolve(settled)
    stopped?.catch(reject)
  })
  const job = await promise
  await dispatch.stop()
  if (job === undefined) throw new Error('the lease was lost')
  return job
}

/** Resolves with the job once `isSo` holds of it. */
export async function until(engine: JobEngine, id: string, isSo: (job: Job) => boolean): Promise<Job> {
  const { promise, resolve } = Promise.withResolvers<Job>()
  const stop = engine.subscribe((_event, job) => {
    if (job.id === id && isSo(job)) resolve(job)
  })
  const job = await engine.get(id)
  if (job && isSo(job)) resolve(job)
  return promise.finally(stop)
}

/** Resolves with the job once it has ended. */
export function ended(engine: JobEngine, id: string): Promise<Job> {
  return until(engine, id, (job) => isFinal(job.state))
}
