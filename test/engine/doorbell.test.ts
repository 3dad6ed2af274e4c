import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { migrateDoorbell, ringSql } from '../../src/engine/postgres/doorbell.ts'
import { openPool } from '../../src/engine/postgres/open-pool.ts'
import { startPostgres } from '../support/postgres-server.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

/** A place to ring, and two who are there at once. */
async function openTower() {
  const workerSchema = `tower_${randomBytes(5).toString('hex')}`
  const pool = openPool({ connectionString: server?.url }, () => {})
  await migrateDoorbell(pool, workerSchema)
  const ringer = await pool.connect()
  const taker = await pool.connect()
  return {
    taker,
    ring: () => ringer.query(`SELECT FROM ${ringSql({ workerSchema, schema: 'ours' }, 'of one ringer')} bell`),
    /** What Graphile Worker does with a bell that it answers. */
    take: () => taker.query(`UPDATE ${workerSchema}._private_jobs SET locked_at = now(), locked_by = 'a worker'`),
    async waiting(): Promise<number> {
      const { rows } = await taker.query(
        `SELECT count(*)::integer AS bells FROM ${workerSchema}.jobs WHERE locked_at IS NULL`,
      )
      return rows[0].bells
    },
    async isHeldUp(): Promise<boolean> {
      const { rowCount } = await taker.query('SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))')
      return rowCount !== 0
    },
    async [Symbol.asyncDispose](): Promise<void> {
      ringer.release()
      taker.release()
      await pool.query(`DROP SCHEMA ${workerSchema} CASCADE`)
      await pool.end()
    },
  }
}

describe('the bell of workers', { skip }, () => {
  test('waits once, however often it was rung', async () => {
    await using tower = await openTower()
    for (let times = 0; times < 3; times++) await tower.ring()
    assert.equal(await tower.waiting(), 1)
  })

  test('waits again when it was rung after it was taken', async () => {
    await using tower = await openTower()
    await tower.ring()
    await tower.take()
    await tower.ring()
    assert.equal(await tower.waiting(), 1)
  })

  test('waits again when it was taken while it was being rung: whoever took it may have looked too early', async () => {
    await using tower = await openTower()
    await tower.ring()
    await tower.taker.query('BEGIN')
    await tower.take()
    const rung = tower.ring()
    while (!(await tower.isHeldUp())) await pause(5)
    await tower.taker.query('COMMIT')
    await rung
    assert.equal(await tower.waiting(), 1)
  })
})
