import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { COMPLETED, decideOn, submit } from '../conformance/job-engine/bench.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { TestWorker } from '../support/test-worker.ts'
import { type PostgresBench, usedBench } from './postgres-bench.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

const HISTORY = 3_000
const SLOTS = 20
const ROUNDS = 5

/** Gives the service a past: so many jobs like the one it has completed. */
async function addHistory({ schema, sql }: PostgresBench): Promise<void> {
  const columns = (
    await sql(
      `SELECT quote_ident(column_name) AS name FROM information_schema.columns
        WHERE table_schema = $1 AND table_name = 'jobs' AND column_name NOT IN ('num', 'id')`,
      [schema],
    )
  ).map(({ name }) => name)
  await sql(`INSERT INTO ${schema}.jobs (id, ${columns.join(', ')})
    SELECT id || n, ${columns.join(', ')} FROM ${schema}.jobs, generate_series(1, ${HISTORY}) n`)
  await sql(`ANALYZE ${schema}.jobs`)
}

/** How many rows of jobs were read, by connections that have ended. */
async function rowsRead({ schema, sql }: PostgresBench): Promise<number> {
  const [row] = await sql(
    `SELECT (seq_tup_read + idx_tup_fetch)::integer AS read FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'jobs'`,
    [schema],
  )
  return Number(row?.read)
}

describe('the plans of what the PostgreSQL engine does often', { skip }, () => {
  test('read the jobs that are worked on, and none of the past', async () => {
    await using bench = await usedBench(server)
    await addHistory(bench)
    await bench.reopen()
    const before = await rowsRead(bench)
    const worker = new TestWorker(bench.engine, { concurrency: SLOTS })
    for (let round = 0; round < ROUNDS; round++) {
      const submitted = Array.from({ length: 2 * SLOTS }, () => submit(bench))
      for (let half = 0; half < 2; half++) {
        const runs = await worker.take(SLOTS)
        const now = bench.clock.now()
        await Promise.all(runs.map(({ lease }) => bench.engine.settle(lease, decideOn(COMPLETED, now), {})))
        for (const { end } of runs) end()
      }
      await Promise.all(submitted)
    }
    await worker.dispatch.stop()
    await bench.engine.stop()
    const read = (await rowsRead(bench)) - before
    assert.ok(read < HISTORY, `${read} rows were read for ${2 * ROUNDS * SLOTS} jobs`)
  })
})
