import type { DatabaseSync } from 'node:sqlite'
import { LongshoreError } from '../../base/errors.ts'
import { integer } from '../record/columns.ts'
import { Query } from './database.ts'
import { sql as jobs } from './migrations/0001-jobs.ts'
import { sql as traceparent } from './migrations/0002-traceparent.ts'
import { sql as tenants } from './migrations/0003-tenants.ts'
import { sql as deliveries } from './migrations/0004-deliveries.ts'
import { sql as schedules } from './migrations/0005-schedules.ts'
import { sql as tallies } from './migrations/0006-tallies.ts'
import { sql as resources } from './migrations/0007-resources.ts'
import { sql as tenantQueues } from './migrations/0008-tenant-queues.ts'
import { sql as tenantGroups } from './migrations/0009-tenant-groups.ts'
import { sql as tenantDue } from './migrations/0010-tenant-due.ts'
import { sql as plainJobs } from './migrations/0011-plain-jobs.ts'

/** Every step of the schema, oldest first. A step that was released is never edited: the next change is a new step. */
export const MIGRATIONS: readonly string[] = [
  jobs,
  traceparent,
  tenants,
  deliveries,
  schedules,
  tallies,
  resources,
  tenantQueues,
  tenantGroups,
  tenantDue,
  plainJobs,
]

/** "LSHR": marks a SQLite file as ours (`PRAGMA application_id`). */
const APPLICATION_ID = 0x4c534852

/** Brings a file of any earlier version, or an empty one, to the newest; each step with its number in one transaction. */
export function migrate(db: DatabaseSync, steps: readonly string[] = MIGRATIONS): void {
  const version = readVersion(db, steps)
  for (let done = version; done < steps.length; done++) {
    db.exec(
      `BEGIN IMMEDIATE; ${steps[done]}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${done + 1}; COMMIT`,
    )
  }
}

/**
 * The number of steps a file has had, 0 for an empty one. Throws `DATA_DIR_UNUSABLE` when it is of another program or was
 * written by a newer version.
 */
export function readVersion(db: DatabaseSync, steps: readonly string[] = MIGRATIONS): number {
  const version = readPragma(db, 'user_version')
  refuseForeign(db, version)
  if (version > steps.length) {
    throw new LongshoreError(
      'DATA_DIR_UNUSABLE',
      `${db.location()} was written by a newer version of Longshore (its schema is ${version}, this version knows ${steps.length}). ` +
        'Upgrade Longshore, or use another DATA_DIR.',
    )
  }
  return version
}

function refuseForeign(db: DatabaseSync, version: number): void {
  const tables = new Query(db, 'SELECT count(*) FROM sqlite_schema').get()
  const isEmpty = version === 0 && integer(tables, 0) === 0
  if (isEmpty || readPragma(db, 'application_id') === APPLICATION_ID) return
  throw new LongshoreError(
    'DATA_DIR_UNUSABLE',
    `${db.location()} is a SQLite file of another program. Move it away, or use another DATA_DIR.`,
  )
}

function readPragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return integer(new Query(db, `PRAGMA ${name}`).get(), 0)
}
