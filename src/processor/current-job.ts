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

const currentJob = new AsyncLocalStorage<(progress: Progress) => void>()

/** Runs `action` so that every `reportProgress` in it, however deep and late, reaches this job's `onProgress`. */
export function runAsJob<Result>(onProgress: (progress: Progress) => void, action: () => Result): Result {
  return currentJob.run(onProgress, action)
}

/** Says what the job that the caller works on is doing. Throws outside of `processInput`. */
export function reportProgress(report: ProgressReport): void {
  const onProgress = currentJob.getStore()
  if (onProgress === undefined) {
    throw new Error('reportProgress was called outside of processInput: there is no job to report about.')
  }
  onProgress(toProgress(report))
}

function toProgress({ stage = 'processing', percent, ...rest }: ProgressReport): Progress {
  if (percent === undefined || !Number.isFinite(percent)) return { stage, ...rest }
  return { stage, percent: Math.min(100, Math.max(0, percent)), ...rest }
}
