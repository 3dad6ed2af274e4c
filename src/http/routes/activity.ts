import type { z } from 'zod'
import { ReadStats, Stats, Workers } from '../../contract/activity.ts'
import { MINUTE_MS, type WorkerRecord } from '../../engine/activity.ts'
import { historyOf, type Lengths, type Sums } from '../../engine/history.ts'
import { timestamp } from '../job-view.ts'
import { describe, json, type Room, type Routes, routeOf } from '../room.ts'

const HOUR_MS = 60 * MINUTE_MS

/** How far back each window reaches, and how long its slices are. */
const WINDOWS = {
  hour: { lengthMs: HOUR_MS, sliceMs: MINUTE_MS },
  day: { lengthMs: 24 * HOUR_MS, sliceMs: 15 * MINUTE_MS },
  week: { lengthMs: 7 * 24 * HOUR_MS, sliceMs: HOUR_MS },
  month: { lengthMs: 30 * 24 * HOUR_MS, sliceMs: 6 * HOUR_MS },
} as const

/** What the service as a whole does, and for whom. */
export const activityRoutes: Routes = (app, room) => {
  app.route({
    ...routeOf('stats', room),
    schema: describe('stats', {
      querystring: ReadStats,
      response: { 200: json('What waits and runs now, and what ended in the window', Stats) },
    }),
    handler: (request) => readStats(room, request.query.window, room.callerOf(request).tenant ?? undefined),
  })

  app.route({
    ...routeOf('workers', room),
    schema: describe('workers', { response: { 200: json('The processes of the service that live', Workers) } }),
    handler: async (request) => {
      const { tenant } = room.callerOf(request)
      const records = await room.activity.workers()
      const seen = tenant === null ? records : records.flatMap((record) => ofTenant(record, tenant))
      return { at: timestamp(room.clock.now()), workers: seen.map(viewWorker) }
    },
  })
}

/** A tenant is shown the workers that run jobs of its own, and nothing of what else they do. */
function ofTenant(record: WorkerRecord, tenant: string): WorkerRecord[] {
  const running = record.running.filter((job) => job.tenant === tenant)
  return running.length === 0 ? [] : [{ ...record, running, busy: running.length }]
}

function viewWorker(record: WorkerRecord): z.output<typeof Workers>['workers'][number] {
  return {
    name: record.name,
    role: record.role,
    started_at: timestamp(record.startedAt),
    seen_at: timestamp(record.seenAt),
    slots: record.slots,
    busy: record.busy,
    jobs: record.running.map(({ id, attempt, startedAt, progress }) => ({
      job_id: id,
      attempt,
      started_at: timestamp(startedAt),
      stage: progress.stage,
      percent: progress.percent ?? null,
    })),
  }
}

async function readStats(
  { activity, jobs, clock }: Room,
  window: keyof typeof WINDOWS,
  tenant: string | undefined,
): Promise<z.output<typeof Stats>> {
  const now = clock.now()
  const { lengthMs, sliceMs } = WINDOWS[window]
  const from = now - (now % sliceMs) - lengthMs + sliceMs
  const ofTenant = tenant === undefined ? {} : { tenant }
  const [{ states, oldestDueAt }, tallies] = await Promise.all([
    tenant === undefined ? jobs.counts() : activity.countsOf(tenant),
    activity.tallies({ from, sliceMs, ...ofTenant }),
  ])
  const { slices, whole } = historyOf(tallies, { from, sliceMs, now })
  return {
    at: timestamp(now),
    states,
    oldest_due_at: oldestDueAt === null ? null : timestamp(oldestDueAt),
    queue_age_seconds: oldestDueAt === null ? 0 : Math.max(0, now - oldestDueAt) / 1000,
    slice_seconds: sliceMs / 1000,
    slices: slices.map(({ at, ...sums }) => ({ at: timestamp(at), ...viewSums(sums) })),
    whole: viewSums(whole),
  }
}

function viewSums({ ran, waited, ...counts }: Sums): z.output<typeof Stats>['whole'] {
  return { ...counts, ran: viewLengths(ran), waited: viewLengths(waited) }
}

function viewLengths(lengths: Lengths | null): z.output<typeof Stats>['whole']['ran'] {
  return lengths && { p50_seconds: lengths.p50Ms / 1000, p95_seconds: lengths.p95Ms / 1000 }
}
