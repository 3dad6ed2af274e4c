import PQueue from 'p-queue'
import type { Job, Lease } from '../job/job.ts'
import type { Resources } from '../job/resources.ts'
import type { WorkerRoom } from '../job/waiting.ts'
import { Admission } from './admission.ts'
import type { Claim, Dispatch, DispatchOptions } from './job-engine.ts'
import type { JobEntry } from './record/job-row.ts'

/** A claim from its round until its run has ended. */
export interface Held {
  claim: Claim
  begun: boolean
  /** Its run has asked to settle it. Should that fail, the lease is still current. */
  settled: boolean
}

/** What a dispatch tells the engine. */
export interface DispatchOwner {
  /** A claim begins: its lease, which may count from now; undefined when it is no longer its own. */
  renew(lease: Lease, leaseMs: number): Lease | undefined | Promise<Lease | undefined>
  /** A run has ended. */
  ended(): void
  /** Takes claims back that have not begun, at no cost of an attempt. */
  giveBack(leases: readonly Lease[]): Promise<void>
  /** Resolves when no claim is under way that began before. */
  quiet(): Promise<void>
  onError(thrown: unknown): void
}

/**
 * One worker's dispatch. A claim replaces an attempt as soon as that has settled, in the same transaction, and p-queue
 * lets it begin when the run before it has ended: so at most `concurrency` run, at most as many more wait, and one fsync
 * serves a whole round.
 */
export class SlotDispatch implements Dispatch {
  readonly options: DispatchOptions
  /** What its claims take of the worker, from their round until their runs have ended. */
  readonly admission: Admission
  readonly #run: (claim: Claim) => Promise<void>
  readonly #owner: DispatchOwner
  readonly #queue: PQueue
  readonly #held = new Map<string, Held>()
  /** Slots for jobs whose claim is under way. */
  #kept = 0
  #stopping: Promise<void> | undefined

  constructor(options: DispatchOptions, run: (claim: Claim) => Promise<void>, owner: DispatchOwner) {
    this.options = options
    this.#run = run
    this.#owner = owner
    this.#queue = new PQueue({ concurrency: options.concurrency })
    this.admission = new Admission(options)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** How many more jobs may be claimed. */
  free(isCurrent: (held: Held) => boolean): number {
    if (this.#stopping) return 0
    let free = this.options.concurrency - this.#kept
    for (const held of this.#held.values()) if (!held.settled || isCurrent(held)) free--
    return free
  }

  /** Keeps so many slots for jobs that are being claimed, and what those need as far as it is known; answers how to let go. */
  keep(slots: number, needs: readonly (Resources | null)[] = []): () => void {
    this.#kept += slots
    for (const each of needs) this.admission.take(each)
    return () => {
      this.#kept -= slots
      for (const each of needs) this.admission.release(each)
    }
  }

  begin({ job }: JobEntry): void {
    const lease = {
      jobId: job.id,
      attempt: job.attempt,
      token: job.token,
      worker: this.options.worker,
      expiresAt: job.leaseExpiresAt ?? 0,
    }
    const held = { claim: { job, lease }, begun: false, settled: false }
    this.#held.set(keyOf(lease), held)
    this.admission.take(job.resources)
    // The only rejection is that of a claim which `stop` takes off the queue.
    this.#queue.add(() => this.#attempt(held)).catch(() => {})
  }

  /** The jobs of all claims that have not ended. */
  get jobs(): Job[] {
    return [...this.#held.values()].map(({ claim }) => claim.job)
  }

  /** The leases of claims that wait for the run before them to end. */
  get waiting(): Lease[] {
    return [...this.#held.values()].filter(({ begun }) => !begun).map(({ claim }) => claim.lease)
  }

  noteSettled(lease: Lease): void {
    const held = this.#held.get(keyOf(lease))
    if (held) held.settled = true
  }

  isWaiting({ job }: JobEntry): boolean {
    return this.#held.get(keyOf({ jobId: job.id, token: job.token }))?.begun === false
  }

  /** What the worker has to give; undefined once it takes no more. */
  get workerRoom(): WorkerRoom | undefined {
    if (this.#stopping) return undefined
    const { worker, concurrency, budget = null } = this.options
    return { worker, slots: concurrency, running: this.#held.size + this.#kept, budget, used: this.admission.used }
  }

  async #attempt(held: Held): Promise<void> {
    held.begun = true
    const { job, lease } = held.claim
    try {
      const current = await this.#owner.renew(lease, this.options.leaseMs)
      if (current) await this.#run({ job, lease: current })
    } catch (thrown) {
      this.#owner.onError(thrown)
    } finally {
      this.#release(held)
      this.#owner.ended()
    }
  }

  #release({ claim }: Held): void {
    if (this.#held.delete(keyOf(claim.lease))) this.admission.release(claim.job.resources)
  }

  async #stop(): Promise<void> {
    this.#queue.pause()
    await this.#owner.quiet()
    this.#queue.clear()
    const unbegun = [...this.#held.values()].filter(({ begun }) => !begun)
    for (const held of unbegun) this.#release(held)
    if (unbegun.length > 0) await this.#owner.giveBack(unbegun.map(({ claim }) => claim.lease))
    await this.#queue.onIdle()
  }
}

function keyOf({ jobId, token }: Pick<Lease, 'jobId' | 'token'>): string {
  return `${jobId}:${token}`
}
