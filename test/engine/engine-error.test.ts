import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import { engineError } from '../../src/engine/sqlite/database.ts'

function errorOf(work: (db: DatabaseSync) => void): unknown {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL)')
  try {
    work(db)
  } catch (thrown) {
    return engineError(thrown)
  } finally {
    db.close()
  }
  return assert.fail('nothing was thrown')
}

test('what the database refuses for its content is not worth another try, and shows no SQL', () => {
  const error = errorOf((db) => db.exec('INSERT INTO t (id, name) VALUES (1, NULL)'))
  assert.ok(error instanceof LongshoreError)
  assert.deepEqual([error.code, error.retryable], ['INTERNAL', false])
  assert.doesNotMatch(error.message, /INSERT|NOT NULL/)
})

test('a full database is worth another try', () => {
  const error = errorOf((db) => {
    db.exec('PRAGMA max_page_count = 3')
    db.prepare('INSERT INTO t (name) VALUES (?)').run('x'.repeat(100_000))
  })
  assert.ok(error instanceof LongshoreError)
  assert.deepEqual([error.code, error.retryable], ['STORAGE_FULL', true])
})
