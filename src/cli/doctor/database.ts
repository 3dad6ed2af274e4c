import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LongshoreError, messageOf } from '../../base/errors.ts'
import { text } from '../../engine/record/columns.ts'
import { openError, Query } from '../../engine/sqlite/database.ts'
import { MIGRATIONS, readVersion } from '../../engine/sqlite/migrations.ts'
import type { FolderExam } from './data-folder.ts'
import { type Finding, findingsOf } from './finding.ts'

const { ok, failed } = findingsOf('database')

/** Looks into the database of a data folder, unless a running service has it: that one is not disturbed. */
export function checkDatabase(folder: string, state: FolderExam['state']): Finding {
  const path = join(resolve(folder), 'longshore.db')
  if (state === 'held') return ok(`${path} is open in the service that uses the folder; it was not looked into`)
  if (!existsSync(path)) return ok(`${path} does not exist yet; the service makes it`)
  try {
    return look(path)
  } catch (thrown) {
    const failure = openError(path, thrown)
    return failed(messageOf(failure), failure instanceof LongshoreError ? REMEDY : 'Look at the message above')
  }
}

const REMEDY = 'Do what the message says; a backup of the whole data folder is the safe way back'

function look(path: string): Finding {
  using db = new DatabaseSync(path, { timeout: 0 })
  db.exec('PRAGMA locking_mode = EXCLUSIVE')
  const faults = new Query(db, 'PRAGMA quick_check(5)').all().map((row) => text(row, 0))
  if (faults[0] !== 'ok') {
    return failed(
      `${path} is damaged: ${faults.join('; ')}`,
      'Restore it from a backup, or move it away to start empty',
    )
  }
  const version = readVersion(db)
  const newest = MIGRATIONS.length
  const schema = version < newest ? `${version}, which the next start brings to ${newest}` : `${version}, the newest`
  return ok(`${path} is sound; its schema is ${schema}`)
}
