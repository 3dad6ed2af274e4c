import assert from 'node:assert/strict'
import { open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { checkDatabase } from '../../../src/cli/doctor/database.ts'
import { openDatabase } from '../../../src/engine/sqlite/database.ts'
import { MIGRATIONS, migrate } from '../../../src/engine/sqlite/migrations.ts'
import { tempFolder } from '../../support/temp-folder.ts'

/** A database as a service leaves it, changed by `change`. */
async function withDatabase(change: (db: DatabaseSync, path: string) => void = () => {}) {
  const folder = await tempFolder()
  const path = join(folder.path, 'longshore.db')
  using db = openDatabase(path)
  migrate(db)
  change(db, path)
  return { ...folder, file: path }
}

test('a database that is not there yet is fine, and is not made', async () => {
  await using folder = await tempFolder()
  const file = join(folder.path, 'longshore.db')
  assert.equal(checkDatabase(folder.path, 'ours').message, `${file} does not exist yet; the service makes it`)
  await assert.rejects(stat(file), { code: 'ENOENT' })
})

test('a sound database is told with its schema', async () => {
  await using folder = await withDatabase()
  assert.deepEqual(checkDatabase(folder.path, 'ours'), {
    check: 'database',
    verdict: 'ok',
    message: `${folder.file} is sound; its schema is ${MIGRATIONS.length}, the newest`,
  })
})

test('a database of a running service is not opened', async () => {
  await using folder = await tempFolder()
  await writeFile(join(folder.path, 'longshore.db'), 'no database at all')
  const { verdict, message } = checkDatabase(folder.path, 'held')
  assert.equal(verdict, 'ok')
  assert.match(message, /is open in the service that uses the folder; it was not looked into$/)
})

test('a file that is no database fails', async () => {
  await using folder = await tempFolder()
  await writeFile(join(folder.path, 'longshore.db'), 'no database at all'.repeat(1000))
  const { verdict, message, todo } = checkDatabase(folder.path, 'ours')
  assert.equal(verdict, 'failed')
  assert.match(message, /is damaged or not a database\. Restore it from a backup/)
  assert.match(todo ?? '', /backup/)
})

test('a damaged page fails', async () => {
  await using folder = await withDatabase((db) => {
    db.exec(
      'CREATE TABLE filler (text); INSERT INTO filler SELECT hex(randomblob(2000)) FROM (VALUES (1), (2), (3), (4))',
    )
  })
  const { size } = await stat(folder.file)
  await using file = await open(folder.file, 'r+')
  await file.write(Buffer.alloc(4096, 0xff), 0, 4096, size - 4096)
  const { verdict, message } = checkDatabase(folder.path, 'ours')
  assert.equal(verdict, 'failed')
  assert.match(message, /is damaged/)
})

test('a database of a newer version, or of another program, fails', async () => {
  await using newer = await withDatabase((db) => db.exec('PRAGMA user_version = 999'))
  assert.match(
    checkDatabase(newer.path, 'ours').message,
    /was written by a newer version of Longshore \(its schema is 999/,
  )
  await using foreign = await tempFolder()
  new DatabaseSync(join(foreign.path, 'longshore.db')).exec('CREATE TABLE notes (text)')
  const { verdict, message } = checkDatabase(foreign.path, 'ours')
  assert.equal(verdict, 'failed')
  assert.match(message, /is a SQLite file of another program/)
})
