import { LongshoreError } from '../../base/errors.ts'
import { DueNews } from '../due-news.ts'
import { queueFull } from '../record/refusals.ts'
import { tooManySchedules } from '../record/schedule-row.ts'
import type { Schedule, ScheduleChange, ScheduleQuery, ScheduleRecords } from '../schedule-records.ts'
import type { EngineParts } from './engine-parts.ts'
import { insertJob } from './people.ts'

/** The engine's way to its tables; writes join its group commit. */
export interface ScheduleAccess {
  read<Answer>(look: (parts: EngineParts) => Answer): Answer
  write<Answer>(change: (parts: EngineParts) => Answer): Promise<Answer>
}

/** Schedules in the embedded engine's file. */
export class SqliteScheduleRecords implements ScheduleRecords {
  readonly #access: ScheduleAccess
  readonly #news = new DueNews()

  constructor(access: ScheduleAccess) {
    this.#access = access
  }

  async create(schedule: Schedule, { max } = { max: Number.POSITIVE_INFINITY }): Promise<boolean> {
    const answer = await this.#access.write(({ schedules }) => {
      if (schedules.get(schedule.tenant, schedule.name) !== undefined) return false
      const count = schedules.count()
      return count < max ? schedules.insert(schedule) : tooManySchedules(count, max)
    })
    if (answer instanceof LongshoreError) throw answer
    if (answer) this.#tell([schedule])
    return answer
  }

  async get(tenant: string | null, name: string): Promise<Schedule | undefined> {
    return this.#access.read(({ schedules }) => schedules.get(tenant, name))
  }

  async list(query: ScheduleQuery): Promise<{ items: Schedule[]; next: string | null }> {
    return this.#access.read(({ schedules }) => schedules.list(query))
  }

  async change(changes: readonly ScheduleChange[], limits?: { maxQueued: number }): Promise<boolean[]> {
    const answer = await this.#access.write((parts) => fullError(parts, changes, limits) ?? makeAll(parts, changes))
    if (answer instanceof LongshoreError) throw answer
    this.#tell(changes.filter((_, i) => answer[i]).map(({ schedule }) => schedule))
    return answer
  }

  delete(tenant: string | null, name: string): Promise<boolean> {
    return this.#access.write(({ schedules }) => schedules.delete(tenant, name))
  }

  async due(now: number, limit: number): Promise<Schedule[]> {
    return this.#access.read(({ schedules }) => schedules.due(now, limit))
  }

  async nextTick(): Promise<number | null> {
    return this.#access.read(({ schedules }) => schedules.nextTick())
  }

  onDue(listener: (nextTick: number) => void): void {
    this.#news.listen(listener)
  }

  #tell(written: readonly Schedule[]): void {
    const ticks = written.flatMap(({ nextTick }) => nextTick ?? [])
    if (ticks.length > 0) this.#news.tell(Math.min(...ticks))
  }
}

/** Asked before anything is written: what one of many writes of a round has written is not undone for it alone. */
function fullError(
  { records }: EngineParts,
  changes: readonly ScheduleChange[],
  limits: { maxQueued: number } | undefined,
): LongshoreError | undefined {
  if (limits === undefined) return undefined
  const wanted = changes.reduce((sum, { jobs }) => sum + jobs.length, 0)
  const queued = records.queuedCount
  return wanted === 0 || queued + wanted <= limits.maxQueued ? undefined : queueFull(queued, limits.maxQueued)
}

function makeAll(parts: EngineParts, changes: readonly ScheduleChange[]): boolean[] {
  return changes.map(({ schedule, jobs }) => {
    if (!parts.schedules.update(schedule)) return false
    for (const job of jobs) {
      const kept = insertJob(parts, job)
      if (kept instanceof LongshoreError) throw kept
    }
    return true
  })
}
