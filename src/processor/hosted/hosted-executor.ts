import type { JsonValue } from '../../job/job.ts'
import type { ResourceNeeds } from '../../job/resources.ts'
import type { Execution, Executor } from '../executor.ts'
import type { HostParts } from './host.ts'
import { HostWorker } from './host-worker.ts'

/**
 * Runs the processor in threads or processes: as many as jobs run at once, one job at a time in each, kept warm from job
 * to job. One that does not stop when its attempt is aborted is ended by force.
 */
export class HostedExecutor implements Executor {
  readonly endsWithinMs: number
  readonly #parts: HostParts
  readonly #idle: HostWorker[] = []
  readonly #all = new Set<HostWorker>()
  #stopped = false

  constructor(parts: HostParts) {
    this.#parts = parts
    this.endsWithinMs = parts.abortGraceMs + parts.killMs
  }

  /** Starts the first host, so that a processor that cannot be loaded or start up fails the start. */
  async start(): Promise<void> {
    this.#idle.push(await this.#open(this.#parts.heapMb))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const ends = await Promise.allSettled([...this.#all].map((worker) => worker.shutDown()))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed) throw failed.reason
  }

  async execute(execution: Execution): Promise<JsonValue> {
    execution.signal.throwIfAborted()
    const heapMb = heapMbOf(execution.resources) ?? this.#parts.heapMb
    const worker = this.#takeIdle(heapMb) ?? (await this.#openInstead(heapMb, execution.signal))
    try {
      return await worker.run(execution)
    } finally {
      if (this.#isWorn(worker, execution)) await worker.shutDown().catch(() => {})
      else this.#idle.push(worker)
    }
  }

  /** The one that was used last: its code is warm. */
  #takeIdle(heapMb: number | undefined): HostWorker | undefined {
    const at = this.#idle.findLastIndex((worker) => worker.heapMb === heapMb)
    return at === -1 ? undefined : this.#idle.splice(at, 1)[0]
  }

  /** Opens a host in place of an idle one whose heap has another limit, so that there are never more than run at once. */
  async #openInstead(heapMb: number | undefined, signal: AbortSignal): Promise<HostWorker> {
    await this.#idle
      .shift()
      ?.shutDown()
      .catch(() => {})
    return this.#open(heapMb, signal)
  }

  /** After an abort nobody knows what the processor has left running: its process goes, with everything it started. */
  #isWorn(worker: HostWorker, { signal }: Execution): boolean {
    const { kind, maxJobs, maxMemoryBytes } = this.#parts
    if (worker.isOver || this.#stopped || (signal.aborted && kind === 'process')) return true
    return worker.jobs >= maxJobs || worker.memoryBytes > maxMemoryBytes
  }

  /** @param signal when it aborts nobody waits for the host any more, whose processor may take long to start up, or forever */
  async #open(heapMb: number | undefined, signal?: AbortSignal): Promise<HostWorker> {
    const worker = new HostWorker(this.#parts, heapMb)
    const giveUp = (): void => void worker.kill()
    this.#all.add(worker)
    void worker.over.then(() => this.#forget(worker))
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      await worker.start()
      return worker
    } catch (failure) {
      await worker.kill()
      signal?.throwIfAborted()
      throw failure
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  #forget(worker: HostWorker): void {
    this.#all.delete(worker)
    const at = this.#idle.indexOf(worker)
    if (at !== -1) this.#idle.splice(at, 1)
  }
}

const MIB = 1024 * 1024

/** The heap is what of a job's memory can be limited; less than a MiB is none. */
export function heapMbOf(resources: ResourceNeeds | null | undefined): number | undefined {
  const memoryBytes = resources?.memoryBytes ?? 0
  return memoryBytes < MIB ? undefined : Math.floor(memoryBytes / MIB)
}
