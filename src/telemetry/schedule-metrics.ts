import { Counter, Histogram, type Registry } from 'prom-client'
import type { Tally } from './work-metrics.ts'

const LATE_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 3600]

/** Counts what ticks of schedules came to. Names of schedules are people's own, without bound: the log has them. */
export function scheduleMetrics(registry: Registry): Tally {
  const registers = [registry]
  const fires = new Counter({
    name: 'longshore_schedule_fires_total',
    help: 'Jobs that schedules submitted here, by a tick or by hand',
    labelNames: ['by'],
    registers,
  })
  const skipped = new Counter({
    name: 'longshore_schedule_ticks_skipped_total',
    help: 'Ticks that made no job, as noted here: missed while nobody could fire, overlap, refused',
    labelNames: ['reason'],
    registers,
  })
  const late = new Histogram({
    name: 'longshore_schedule_lateness_seconds',
    help: 'Time from a tick to its job being submitted, in seconds',
    buckets: LATE_SECONDS,
    registers,
  })
  for (const by of ['tick', 'hand']) fires.inc({ by }, 0)
  for (const reason of ['missed', 'overlap', 'refused']) skipped.inc({ reason }, 0)
  return {
    'schedule.fired': ({ lateMs }) => {
      fires.inc({ by: lateMs === null ? 'hand' : 'tick' })
      if (lateMs !== null) late.observe(lateMs / 1000)
    },
    'schedule.skipped': ({ reason, count }) => skipped.inc({ reason }, count),
  }
}
