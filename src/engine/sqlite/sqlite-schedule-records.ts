import { LongshoreError } from '../../base/errors.ts'
import { DueNews } from '../due-news.ts'
import { queueFull, tenantQueueFull, tooManySchedules, tooManyTenantSchedules } from '../record/refusals.ts'
import type {
  RoomOf,
  Schedule,
  ScheduleChange,
  ScheduleLimits,
  ScheduleQuery,
  ScheduleRecords,
} from '../schedule-records.ts'
import type { EngineParts } from './engine-parts.ts'
import { insertJob } from './people.ts'

/** The engine's way to its tables; writes join its group commit. */
export interface ScheduleAccess {
  read<Answer>(look: (parts: EngineParts) => Answer): Answer
  write<Answer>(change: (parts: EngineParts) => Answer | LongshoreError): Promise<Answer>
}

/** Schedules in the embedded engine's file. */
export class SqliteScheduleRecords implements ScheduleRecords {
  readonly #access: ScheduleAccess
  readonly #news = new DueNews()

  constructor(access: ScheduleAccess) {
    this.#access = access
  }

  async create(schedule: Schedule, limits?: ScheduleLimits): Promise<boolean> {
    const created = await this.#access.write((parts) => {
      if (parts.schedules.get(schedule.tenant, schedule.name) !== undefined) return false
      return tooMany(parts, schedule, limits) ?? parts.schedules.insert(schedule)
    })
    if (created) this.#tell([schedule])
    return created
  }

  async get(tenant: string | null, name: string): Promise<Schedule | undefined> {
    return this.#access.read(({ schedules }) => schedules.get(tenant, name))
  }

  async list(query: ScheduleQuery): Promise<{ items: Schedule[]; next: string | null }> {
    return this.#access.read(({ schedules }) => schedules.list(query))
  }

  async change(changes: readonly ScheduleChange[], roomOf?: RoomOf): Promise<boolean[]> {
    const made = await this.#access.write((parts) => fullError(parts, changes, roomOf) ?? makeAll(parts, changes))
    this.#tell(changes.filter((_, i) => made[i]).map(({ schedule }) => schedule))
    return made
  }

  delete(tenant: string | null, name: string): Promise<boolean> {
    return this.#access.write(({ schedules }) => schedules.delete(tenant, name))
  }

  async due(now: number, limit: number, without: readonly (string | null)[] = []): Promise<Schedule[]> {
    return this.#access.read(({ schedules }) => schedules.due(now, limit, without))
  }

  async nextTick(without: readonly (string | null)[] = []): Promise<number | null> {
    return this.#access.read(({ schedules }) => schedules.nextTick(without))
  }

  onDue(listener: (nextTick: number) => void): void {
    this.#news.listen(listener)
  }

  #tell(written: readonly Schedule[]): void {
    const ticks = written.flatMap(({ nextTick }) => nextTick ?? [])
    if (ticks.length > 0) this.#news.tell(Math.min(...ticks))
  }
}

function tooMany(
  { schedules }: EngineParts,
  { tenant }: Schedule,
  limits: ScheduleLimits | undefined,
): LongshoreError | undefined {
  if (limits === undefined) return undefined
  const { max, maxOfTenant } = limits
  const { all, ofTenant } = schedules.count(tenant)
  if (all >= max) return tooManySchedules(max)
  const isTenantFull = tenant !== null && maxOfTenant !== undefined && ofTenant >= maxOfTenant
  return isTenantFull ? tooManyTenantSchedules(tenant, maxOfTenant) : undefined
}

/** Asked before anything is written: what one of many writes of a round has written is not undone for it alone. */
function fullError(
  { records, table }: EngineParts,
  changes: readonly ScheduleChange[],
  roomOf: RoomOf | undefined,
): LongshoreError | undefined {
  if (roomOf === undefined) return undefined
  const queued = records.queuedCount
  const wanted = new Map<string | null, number>()
  let wantedOfAll = 0
  for (const { schedule, jobs } of changes) {
    if (jobs.length === 0) continue
    const { tenant } = schedule
    const { maxQueued, maxQueuedOfTenant } = roomOf(tenant)
    const wantedOfTenant = (wanted.get(tenant) ?? 0) + jobs.length
    wanted.set(tenant, wantedOfTenant)
    wantedOfAll += jobs.length
    if (queued + wantedOfAll > maxQueued) return queueFull(queued, maxQueued)
    if (tenant === null || maxQueuedOfTenant === undefined) continue
    const leastFull = Math.max(0, maxQueuedOfTenant - wantedOfTenant + 1)
    if (table.isQueueFull(tenant, leastFull)) return tenantQueueFull(tenant, maxQueuedOfTenant)
  }
  return undefined
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
