import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Config } from '../config.ts'
import type { Activity, Presence } from './activity.ts'
import type { DeliveryRecords } from './delivery-records.ts'
import type { IngestRecords } from './ingest-records.ts'
import type { JobEngine } from './job-engine.ts'
import { PostgresEngine } from './postgres/postgres-engine.ts'
import type { DescribeEnd } from './record/new-delivery.ts'
import type { ScheduleRecords } from './schedule-records.ts'
import { SqliteEngine } from './sqlite/sqlite-engine.ts'

/** An engine that keeps upload sessions, deliveries and schedules, and tells of the whole service, too. */
export interface ServiceEngine extends JobEngine {
  readonly ingests: IngestRecords
  readonly deliveries: DeliveryRecords
  readonly schedules: ScheduleRecords
  readonly activity: Activity
}

/** Replicas say that they live this often per lease, and are dead when a whole one has passed. */
const BEATS_PER_LEASE = 3

/** The engine that the configuration names, and the time that its jobs live by; `describeEnd` writes what is told of a job's end. */
export function openEngine(
  config: Config,
  presence: Presence,
  onError: (thrown: unknown) => void,
  describeEnd: DescribeEnd,
): { engine: ServiceEngine; clock: Clock } {
  const { database, dataDir, leaseMs, limits } = config
  const common = { maxLogLines: limits.logLines, presence, describeEnd, onError }
  if (database === undefined) {
    const clock = systemClock
    return { engine: new SqliteEngine({ ...common, path: join(dataDir, 'longshore.db'), clock }), clock }
  }
  const engine = new PostgresEngine({ ...common, ...database, beatMs: leaseMs / BEATS_PER_LEASE, silentMs: leaseMs })
  return { engine, clock: engine.clock }
}
