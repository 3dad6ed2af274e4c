import type { Clock } from '../../base/clock.ts'
import type {
  Activity,
  ChangeListener,
  JobFilter,
  Presence,
  QueueLook,
  Tally,
  TallyQuery,
  TenantCounts,
  WorkerRecord,
} from '../activity.ts'
import type { JobQuery, Page } from '../job-engine.ts'
import type { Listeners } from '../listeners.ts'
import { runningJob } from '../record/running-job.ts'
import type { EngineParts } from './engine-parts.ts'

/** The engine's way to its parts; writes join its group commit. */
export interface ActivityAccess {
  clock: Clock
  listeners: Listeners
  presence: Presence
  read<Answer>(look: (parts: EngineParts) => Answer): Answer
  write<Answer>(change: (parts: EngineParts) => Answer): Promise<Answer>
}

/** What happens in the one process that has the file. */
export class SqliteActivity implements Activity {
  readonly #access: ActivityAccess
  readonly #startedAt: number

  constructor(access: ActivityAccess) {
    this.#access = access
    this.#startedAt = access.clock.now()
  }

  async count(filter: JobFilter): Promise<number> {
    return this.#access.read(({ listing }) => listing.count(filter))
  }

  async countsOf(tenant: string): Promise<TenantCounts> {
    return this.#access.read(({ listing }) => listing.countsOf(tenant))
  }

  async ids(query: JobQuery): Promise<Page<string>> {
    return this.#access.read(({ listing }) => listing.ids(query))
  }

  async workers(): Promise<WorkerRecord[]> {
    const { clock, presence, read } = this.#access
    return read(({ records, dispatcher }) => {
      const running = records.processing().map(runningJob)
      const slots = dispatcher.all.reduce((sum, { options }) => sum + options.concurrency, 0)
      const times = { startedAt: this.#startedAt, seenAt: clock.now() }
      running.sort((a, b) => a.startedAt - b.startedAt)
      return [{ ...presence, ...times, slots, running, busy: running.length }]
    })
  }

  async queue(): Promise<QueueLook> {
    return this.#access.read(({ table }) => table.queue())
  }

  async tallies(query: TallyQuery): Promise<Tally[]> {
    return this.#access.read(({ tallies }) => tallies.sums(query))
  }

  foldTallies(): Promise<void> {
    return this.#access.write(({ tallies }) => tallies.fold(this.#access.clock.now()))
  }

  watch(listener: ChangeListener): () => void {
    return this.#access.listeners.add((_event, job) => listener(job))
  }
}
