import type { Clock, Timer } from '../base/clock.ts'
import { LongshoreError } from '../base/errors.ts'
import { Roster } from '../base/roster.ts'
import type { JobManager } from '../engine/job-manager.ts'
import type { Lease } from '../job/job.ts'

/** A lease is renewed this many times before it would run out, so that one lost heartbeat costs nothing. */
const HEARTBEATS_PER_LEASE = 3

/** What the keeper stands on. */
export interface LeaseKeeperParts {
  jobs: Pick<JobManager, 'heartbeat'>
  clock: Clock
  leaseMs: number
  onError(thrown: unknown): void
}

/** Cancels of jobs that are not kept here are remembered up to this many: most belong to other workers. */
const MAX_EARLY_CANCELS = 1_000

interface Kept {
  lease: Lease
  abort(reason: LongshoreError): void
}

/** Extends the leases of all attempts that run here, and tells an attempt when it must stop. Sleeps while none runs. */
export class LeaseKeeper {
  readonly #parts: LeaseKeeperParts
  readonly #kept = new Roster<string, Kept>()
  /** Jobs whose cancel was heard before their attempt began: a claim may wait for the run before it to end. */
  readonly #early = new Set<string>()
  #timer: Timer | undefined

  constructor(parts: LeaseKeeperParts) {
    this.#parts = parts
  }

  /** Keeps a lease until the returned function is called. */
  keep(lease: Lease, abort: (reason: LongshoreError) => void): () => void {
    const kept = { lease, abort }
    this.#kept.set(lease.jobId, kept)
    this.#arm()
    if (this.#early.delete(lease.jobId)) this.beat().catch(this.#parts.onError)
    return () => {
      if (this.#kept.get(lease.jobId) === kept) this.#kept.delete(lease.jobId)
      if (this.#kept.size === 0) this.#disarm()
    }
  }

  /** A person asked a job to stop; harmless when it does not run here. One that begins later asks whether it was meant. */
  cancel(jobId: string): void {
    const kept = this.#kept.get(jobId)
    if (kept) kept.abort(new LongshoreError('CANCELLED', 'The job was cancelled.'))
    else this.#early.add(jobId)
    for (const oldest of this.#early) {
      if (this.#early.size <= MAX_EARLY_CANCELS) break
      this.#early.delete(oldest)
    }
  }

  /** Takes every attempt away, for a stop. */
  interrupt(): void {
    for (const { abort } of this.#kept.values()) {
      abort(new LongshoreError('INTERRUPTED', 'The worker is stopping; the job goes back to the queue.'))
    }
  }

  #arm(): void {
    this.#timer ??= this.#parts.clock.setTimer(this.#parts.leaseMs / HEARTBEATS_PER_LEASE, () => {
      this.#timer = undefined
      this.beat()
        .catch(this.#parts.onError)
        .finally(() => this.#kept.size > 0 && this.#arm())
    })
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Extends every lease now. */
  async beat(): Promise<void> {
    const leases = [...this.#kept.values()].map((kept) => kept.lease)
    for (const news of await this.#parts.jobs.heartbeat(leases, this.#parts.leaseMs)) {
      const kept = this.#kept.get(news.jobId)
      if (kept === undefined || kept.lease.token !== news.token) continue
      if (news.lost) kept.abort(new LongshoreError('LEASE_LOST', 'Another worker holds the job now.'))
      else if (news.cancelRequested) this.cancel(news.jobId)
    }
  }
}
