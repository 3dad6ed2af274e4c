import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../base/clock.ts'
import { DueTimer } from '../due-timer.ts'
import type { DescribeEnd } from '../record/new-delivery.ts'
import { Attempts } from './attempts.ts'
import { openDatabase, openError } from './database.ts'
import { DeliveryTable } from './delivery-table.ts'
import { Dispatcher } from './dispatcher.ts'
import { EventTable } from './event-table.ts'
import { FileTable } from './file-table.ts'
import { GroupCommit } from './group-commit.ts'
import { IngestTable } from './ingest-table.ts'
import { JobListing } from './job-listing.ts'
import { JobRecords, type News } from './job-records.ts'
import { JobSubmits } from './job-submits.ts'
import { JobTable } from './job-table.ts'
import { LogTable } from './log-table.ts'
import { migrate } from './migrations.ts'
import { QueuePosition } from './queue-position.ts'
import { ReadyQueue } from './ready-queue.ts'
import { ReadySizes } from './ready-sizes.ts'
import { ScheduleTable } from './schedule-table.ts'
import { TallyTable } from './tally-table.ts'

/** After claims could not be written, e.g. on a full disk, they are tried again after this many ms. */
const CLAIM_RETRY_MS = 1_000

/** What the engine's verbs stand on while the database is open. */
export interface EngineParts {
  db: DatabaseSync
  table: JobTable
  events: EventTable
  files: FileTable
  logs: LogTable
  ingests: IngestTable
  deliveries: DeliveryTable
  schedules: ScheduleTable
  tallies: TallyTable
  records: JobRecords
  attempts: Attempts
  listing: JobListing
  position: QueuePosition
  dispatcher: Dispatcher
  commit: GroupCommit
  submits: JobSubmits
  dueTimer: DueTimer
}

/** What the parts need from the engine. */
export interface EngineSetting {
  path: string
  clock: Clock
  maxLogLines: number
  describeEnd: DescribeEnd | undefined
  publish(news: readonly News[]): void
  onError(thrown: unknown): void
}

/** Opens and migrates the file and reads what is kept in memory. Throws `DATA_DIR_LOCKED`, `DATA_DIR_UNUSABLE`, `STORAGE_FULL`. */
export function openParts(setting: EngineSetting): EngineParts {
  let db: DatabaseSync | undefined
  try {
    db = openDatabase(setting.path)
    migrate(db)
    return buildParts(db, setting)
  } catch (thrown) {
    db?.close()
    throw openError(setting.path, thrown)
  }
}

function buildParts(db: DatabaseSync, setting: EngineSetting): EngineParts {
  const table = new JobTable(db)
  const events = new EventTable(db)
  const files = new FileTable(db)
  const logs = new LogTable(db, setting.maxLogLines)
  const deliveries = new DeliveryTable(db, setting.describeEnd)
  deliveries.release(setting.clock.now())
  const tallies = new TallyTable(db)
  const records = new JobRecords({ table, events, deliveries, tallies, clock: setting.clock })
  records.load()
  const attempts = new Attempts(records, files, logs, setting.clock)
  const now = (): number => setting.clock.now()
  const dispatcher = new Dispatcher(records, new ReadyQueue(db, records), new ReadySizes(db), attempts, now)
  const listing = new JobListing(
    db,
    (num) => {
      const stored = table.getByNum(num)
      return stored && (records.inWork(stored.job.id) ?? stored).job
    },
    () => records.states(),
  )
  const position = new QueuePosition(db)
  const ingests = new IngestTable(db)
  const schedules = new ScheduleTable(db)
  const commit = new GroupCommit(db, {
    wantsFill: () => dispatcher.wantsFill(),
    fill: () => dispatcher.fill(),
    closing: () => records.close(),
    committed: () => {
      const { news, delayedTo } = records.commit()
      dueTimer.arm(delayedTo)
      setting.publish(news)
      dispatcher.committed()
    },
    rolledBack: () => {
      records.rollBack()
      dispatcher.rolledBack()
    },
    fillFailed: (thrown) => {
      setting.onError(thrown)
      setting.clock.setTimer(CLAIM_RETRY_MS, () => commit.request())
    },
  })
  const dueTimer = new DueTimer(setting.clock, async () => {
    await commit.write(() => records.promote())
    return table.nextRunAt()
  })
  dueTimer.arm(table.nextRunAt() ?? Number.POSITIVE_INFINITY)
  const submits = new JobSubmits({ records, table, files, logs, dispatcher }, commit)
  const tables = { table, events, files, logs, ingests, deliveries, schedules, tallies }
  return { db, ...tables, records, attempts, listing, position, dispatcher, commit, submits, dueTimer }
}
