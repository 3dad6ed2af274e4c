import type { TenantConcurrency } from '../access/tenant-limits.ts'
import type { Clock } from '../base/clock.ts'
import { sleep } from '../base/clock.ts'
import type { Component } from '../base/lifecycle.ts'
import { Roster } from '../base/roster.ts'
import type { Claim, Dispatch } from '../engine/job-engine.ts'
import type { JobManager } from '../engine/job-manager.ts'
import { NO_RESOURCES, type Resources, sumOf } from '../job/resources.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { WorkFolders } from './work-folders.ts'

/** What a worker stands on. */
export interface WorkerParts {
  jobs: JobManager
  clock: Clock
  leases: LeaseKeeper
  folders: WorkFolders
  /** Runs one attempt to its end and settles it, or gives up on that when told to. */
  runAttempt(claim: Claim, giveUp: AbortSignal): Promise<void>
  /** Hears of every cancel a person asks for; answers how to stop listening. */
  onCancelRequested(hearer: (jobId: string) => void): () => void
  /** Hears of jobs that could not be handed back. */
  onError(thrown: unknown): void
  /** Name of this worker in leases. */
  name: string
  concurrency: number
  groupConcurrency: number | undefined
  /** Jobs of each tenant that may run at once. */
  tenantConcurrency?: () => TenantConcurrency | undefined
  /** What the attempts that run at once may need together. */
  budget: Resources
  /** How long smaller jobs may pass one by that fits the budget but not what is free of it. */
  reserveAfterMs: number
  leaseMs: number
  shutdownGraceMs: number
  abortGraceMs: number
}

/** Claims due jobs and runs their attempts. */
export class Worker implements Component {
  readonly #parts: WorkerParts
  readonly #running = new Roster<Claim, Promise<void>>()
  readonly #givingUp = new AbortController()
  #dispatch: Dispatch | undefined
  #unlisten: (() => void) | undefined
  #stopping: Promise<void> | undefined

  constructor(parts: WorkerParts) {
    this.#parts = parts
  }

  /** Clears what a crash left, requeues what it cut off, then takes work. */
  async start(): Promise<void> {
    const { jobs, folders, leases, onCancelRequested } = this.#parts
    await folders.start()
    await jobs.rescue()
    this.#unlisten = onCancelRequested((jobId) => leases.cancel(jobId))
    this.#dispatch = jobs.dispatch(this.#options(), (claim) => this.#run(claim))
  }

  /**
   * Takes no more work and gives what runs its grace; then aborts it, and hands back to the queue, at no attempt's cost,
   * what has not ended. A processor that ignores its signal is handed back after a second grace all the same.
   */
  async stop(): Promise<void> {
    if (this.#dispatch === undefined) return
    this.#stopping ??= this.#stop(this.#dispatch)
    await this.#stopping
  }

  async #stop(dispatch: Dispatch): Promise<void> {
    const { leases, shutdownGraceMs, abortGraceMs, onError } = this.#parts
    // What cannot be given back on a full disk is rescued at the next start.
    const ended = dispatch.stop().catch(onError)
    await this.#within(shutdownGraceMs, ended)
    leases.interrupt()
    await this.#within(abortGraceMs, ended)
    this.#givingUp.abort(new Error('The worker stopped before the verdict could be written.'))
    await this.#handBack()
    this.#unlisten?.()
  }

  /** What the attempts that run here need together. */
  get used(): Resources {
    return [...this.#running.keys()].reduce((sum, { job }) => sumOf(sum, job.resources), NO_RESOURCES)
  }

  #options() {
    const { name, concurrency, leaseMs, groupConcurrency, tenantConcurrency, budget, reserveAfterMs } = this.#parts
    return {
      worker: name,
      ...{ leaseMs, concurrency, budget, reserveAfterMs },
      ...(groupConcurrency !== undefined && { groupConcurrency }),
      ...(tenantConcurrency && { tenantConcurrency }),
    }
  }

  #run(claim: Claim): Promise<void> {
    const run = this.#parts.runAttempt(claim, this.#givingUp.signal).finally(() => this.#running.delete(claim))
    this.#running.set(claim, run)
    return run
  }

  async #within(graceMs: number, ended: Promise<void>): Promise<void> {
    const over = new AbortController()
    const grace = sleep(this.#parts.clock, graceMs, over.signal).catch(() => {})
    await Promise.race([ended, grace])
    over.abort()
  }

  async #handBack(): Promise<void> {
    const { jobs, onError } = this.#parts
    const stuck = [...this.#running.keys()]
    await Promise.all(stuck.map((claim) => jobs.settle(claim.lease, { type: 'interrupted' }).catch(onError)))
  }
}
