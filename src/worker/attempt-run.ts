import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock, Timer } from '../base/clock.ts'
import { LongshoreError, messageOf } from '../base/errors.ts'
import { traceIdOf } from '../base/traceparent.ts'
import type { Claim } from '../engine/job-engine.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Job, Lease } from '../job/job.ts'
import type { AttemptOutputs } from '../output/job-outputs.ts'
import type { AttemptWatch } from '../telemetry/attempt-watch.ts'
import type { JobLog, LogOrigin } from '../telemetry/job-log.ts'
import { AttemptJournal } from './attempt-journal.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { WorkFolder, WorkFolders } from './work-folders.ts'

/** What opening a run takes. */
export interface RunParts {
  jobs: JobManager
  clock: Clock
  leases: LeaseKeeper
  folders: WorkFolders
  jobLog: JobLog
  serviceLog: Logger
  /** Log lines kept with a job. */
  maxLogLines: number
  /** Begins to watch an attempt. */
  watch(job: Job, lease: Lease): AttemptWatch
  /** Opens the writers of an attempt. */
  openOutputs(job: Job, signal: AbortSignal, watch: AttemptWatch): AttemptOutputs
}

/** What one attempt holds while it runs: its lease, signal, journal, scratch folder, log and outputs. */
export class AttemptRun implements AsyncDisposable {
  readonly job: Job
  readonly lease: Lease
  readonly journal: AttemptJournal
  readonly watch: AttemptWatch
  readonly #parts: RunParts
  readonly #abort = new AbortController()
  readonly #folder: WorkFolder
  readonly #release: () => void
  readonly #timeout: Timer
  #log: { logger: Logger; close: () => void } | undefined
  #outputs: AttemptOutputs | undefined

  constructor(claim: Claim, parts: RunParts) {
    this.job = claim.job
    this.lease = claim.lease
    this.#parts = parts
    this.watch = parts.watch(claim.job, claim.lease)
    this.#folder = parts.folders.open(claim.lease)
    this.#release = parts.leases.keep(claim.lease, (reason) => this.#abort.abort(reason))
    this.#timeout = parts.clock.setTimer(claim.job.timeoutMs, () => this.#abort.abort(timedOut(claim.job)))
    this.journal = new AttemptJournal({
      clock: parts.clock,
      maxLogLines: parts.maxLogLines,
      save: (changes) => parts.jobs.save(claim.lease, changes),
      onStale: () => this.#abort.abort(new LongshoreError('LEASE_LOST', 'Another worker holds the job now.')),
      onError: (failure) => this.warn('could not save the progress of an attempt', failure),
    })
  }

  /** Aborts on cancel, timeout, stop and lost lease; the reason says which. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** The attempt's own log; made on first use, as most attempts write none. */
  get log(): Logger {
    this.#log ??= this.#parts.jobLog.open(originOf(this.lease, this.job), (line) => this.journal.log(line))
    return this.#log.logger
  }

  /** The attempt's writers; opened on first use. */
  get outputs(): AttemptOutputs {
    this.#outputs ??= this.#parts.openOutputs(this.job, this.signal, this.watch)
    return this.#outputs
  }

  /** The writers, if any were opened. */
  get openedOutputs(): AttemptOutputs | undefined {
    return this.#outputs
  }

  /** The scratch folder; made on first use. */
  readonly workDir = (): string => this.#folder.path()

  /** Where fetched inputs go. */
  inputDir(): string {
    return join(this.workDir(), 'inputs')
  }

  /** Notes a fault that concerns the operator and changes nothing for the job. */
  warn(text: string, failure: unknown): void {
    const { serviceLog } = this.#parts
    serviceLog.warn({ ...originOf(this.lease, this.job), error: messageOf(failure) }, text)
  }

  /** An error that nobody caught fails the attempt it comes from; once that has its verdict, it is only told. */
  failFor(stray: unknown): void {
    this.warn('the processor threw an error that nobody caught', stray)
    const text = `The processor threw an error that nobody caught: ${messageOf(stray)}`
    this.#abort.abort(new LongshoreError('PROCESSOR_FAILED', text, { cause: stray }))
  }

  /** Nothing may abort the attempt any more: its verdict is reached. The lease is kept until it is settled. */
  endTimeLimit(): void {
    this.#timeout.cancel()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timeout.cancel()
    this.#release()
    this.watch.end()
    this.#log?.close()
    await this.#folder.remove().catch((failure: unknown) => this.warn('could not remove a work folder', failure))
  }
}

function originOf({ jobId, attempt, worker }: Lease, { tenant, traceparent }: Job): LogOrigin {
  const traceId = traceIdOf(traceparent)
  return {
    job_id: jobId,
    attempt,
    worker,
    ...(tenant !== null && { tenant }),
    ...(traceId !== undefined && { trace_id: traceId }),
  }
}

function timedOut(job: Job): LongshoreError {
  return new LongshoreError(
    'TIMEOUT',
    `The attempt did not end within ${job.timeoutMs / 1000} s. Raise timeout_seconds of the job, or JOB_TIMEOUT_SECONDS.`,
  )
}
