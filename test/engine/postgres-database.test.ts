import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { LongshoreError } from '../../src/base/errors.ts'
import { Database, type Run } from '../../src/engine/postgres/database.ts'
import { openError } from '../../src/engine/postgres/database-error.ts'
import { integer } from '../../src/engine/record/columns.ts'
import { startPostgres } from '../support/postgres-server.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

function openDatabase(how = { poolSize: 6, isDirect: true }): Database & AsyncDisposable {
  const options = { url: server?.url ?? '', schema: 'none', ...how, onError: () => {} }
  const db = new Database(options)
  return Object.assign(db, { [Symbol.asyncDispose]: () => db.close() })
}

async function pidOf(run: Run): Promise<number> {
  const [row] = await run('SELECT pg_backend_pid()')
  return integer(row, 0)
}

/** Ends a connection and waits until the server has let it go. */
async function cut(db: Database, pid: number): Promise<void> {
  await db.query('SELECT pg_terminate_backend($1)', [pid])
  while ((await db.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length > 0) await pause(5)
}

test('a pooler where the server itself must answer is refused at the start, with what to set', () => {
  const refusal = openError(new Error('unsupported startup parameter: options'))
  assert.ok(refusal instanceof LongshoreError)
  assert.equal(refusal.code, 'CONFIG_INVALID')
  assert.match(refusal.message, /set DATABASE_LISTEN_URL to the server's own address/)
})

describe('statements on a database', { skip }, () => {
  test('a connection that is lost between two statements of a transaction fails that transaction alone', async () => {
    await using db = openDatabase()
    const broken = db.transaction(async (run) => {
      await cut(db, await pidOf(run))
      await run('SELECT 1')
    })
    await assert.rejects(broken, { code: 'ENGINE_UNAVAILABLE' })
    assert.deepEqual(await db.query('SELECT 1'), [[1]])
  })

  test('a statement that runs often is kept by its connection, unless a pooler may stand between', async () => {
    const often = 'SELECT $1::integer + 1'
    const kept = 'SELECT count(*) FROM pg_prepared_statements WHERE statement = $1'
    for (const isDirect of [true, false]) {
      await using db = openDatabase({ poolSize: 6, isDirect })
      for (const given of [1, 2, 3]) assert.deepEqual(await db.queryOften(often, [given]), [[given + 1]])
      assert.deepEqual(await db.queryOften(kept, [often]), [[isDirect ? 1 : 0]])
    }
  })

  test('one plan serves every run of a statement that runs often, within a transaction too', async () => {
    await using db = openDatabase()
    const often = 'SELECT count(*) FROM pg_class WHERE relname = $1::text'
    await db.queryOften(often, ['a'])
    await db.transactOften((run) => run(often, ['b']))
    const plans = 'SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1'
    assert.deepEqual(await db.queryOften(plans, [often]), [[2, 0]])
  })

  test('a statement that runs often and is refused fails alone', async () => {
    await using db = openDatabase()
    const often = 'SELECT 6 / $1::integer'
    assert.deepEqual(await db.queryOften(often, [2]), [[3]])
    await assert.rejects(db.queryOften(often, [0]), { code: 'INTERNAL' })
    assert.deepEqual(await db.queryOften(often, [3]), [[2]])
  })

  test('at the start, a statement that the server refused is told in its words', async () => {
    await using db = openDatabase()
    const refused = db.transaction(async (run) => {
      await run('SET TRANSACTION READ ONLY')
      await run('CREATE TABLE nothing ()')
    })
    const failure = openError(await refused.catch((thrown: unknown) => thrown))
    assert.ok(failure instanceof LongshoreError)
    assert.match(failure.message, /DATABASE_URL cannot be used: cannot execute CREATE TABLE in a read-only transaction/)
  })

  test('a connection that is lost in the middle of a statement of a transaction fails that transaction alone', async () => {
    await using db = openDatabase()
    const broken = db.transaction(async (run) => {
      const pid = await pidOf(run)
      const sleeping = run('SELECT pg_sleep(60)')
      await Promise.all([cut(db, pid), assert.rejects(sleeping)])
      await sleeping
    })
    await assert.rejects(broken, { code: 'ENGINE_UNAVAILABLE' })
    assert.deepEqual(await db.query('SELECT 1'), [[1]])
  })
})
