import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MIGRATIONS } from '../../src/engine/postgres/migrations.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { cli } from './cli.ts'

test('migrate brings the schema up to date, says from where, and does it once', async (t) => {
  await using server = await startPostgres()
  if (server === undefined) return t.skip('no PostgreSQL')
  const env = {
    DATABASE_URL: server.url,
    DATABASE_SCHEMA: 'migrate_test',
    DATABASE_WORKER_SCHEMA: 'migrate_test_worker',
  }
  const newest = MIGRATIONS.length
  const first = await cli(['migrate', '--json'], { env })
  assert.deepEqual([first.code, JSON.parse(first.stdout)], [0, { schema: 'migrate_test', from: 0, to: newest }])
  assert.deepEqual(await cli(['migrate'], { env }), {
    code: 0,
    stdout: `The schema "migrate_test" is up to date at version ${newest}.\n`,
    stderr: '',
  })
})

test('migrate without a database to reach fails with what to set, and never tells the password', async () => {
  const without = await cli(['migrate'], { env: { DATABASE_URL: '' } })
  assert.deepEqual([without.code, without.stdout], [1, ''])
  assert.match(without.stderr, /^error: Expected DATABASE_URL to be set to a postgres:\/\/ URL/)
  const away = await cli(['migrate'], { env: { DATABASE_URL: 'postgres://me:a-secret-word@127.0.0.1:9/name' } })
  assert.deepEqual([away.code, away.stdout], [1, ''])
  assert.match(away.stderr, /^error: The database of DATABASE_URL cannot be used: .*\(ENGINE_UNAVAILABLE\)\n$/)
  assert.doesNotMatch(away.stderr, /secret/)
})
