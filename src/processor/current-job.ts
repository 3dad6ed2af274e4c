import { AsyncLocalStorage } from 'node:async_hooks'
import type { JsonValue, Progress } from '../job/job.ts'

/** What a processor says of its work; the stage is `processing` unless it names another. */
export interface ProgressReport {
  stage?: string
  /** 0 to 100. */
  percent?: number
  message?: string
  [detail: string]: JsonValue | undefined
}

/** Who hears of the job that some code works on. */
export interface JobHearer {
  onProgress(progress: Progress): void
  onStrayError(thrown: unknown): void
}

const currentJob = new AsyncLocalStorage<JobHearer>()

/** Runs `action` so that every `reportProgress` in it, however deep and late, reaches this job. */
export function runAsJob<Result>(hearer: JobHearer, action: () => Result): Result {
  return currentJob.run(hearer, action)
}

/**
 * Tells the job, in whose code an error was thrown that nobody caught, of it. False when it was in no job's. Node before
 * 24 does not say in whose code a promise was rejected.
 */
export function blameCurrentJob(thrown: unknown): boolean {
  const hearer = currentJob.getStore()
  hearer?.onStrayError(thrown)
  return hearer !== undefined
}

/** Says what the job that the caller works on is doing. Throws outside of `processInput`. */
export function reportProgress(report: ProgressReport): void {
  const hearer = currentJob.getStore()
  if (hearer === undefined) {
    throw new Error('reportProgress was called outside of processInput: there is no job to report about.')
  }
  hearer.onProgress(toProgress(report))
}

/** A report as it is kept: with its stage, and a percent from 0 to 100, if it is a number. */
export function toProgress({ stage = 'processing', percent, ...rest }: ProgressReport): Progress {
  if (percent === undefined || !Number.isFinite(percent)) return { stage, ...rest }
  return { stage, percent: Math.min(100, Math.max(0, percent)), ...rest }
}
