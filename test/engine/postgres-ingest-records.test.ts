import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type IngestBench, newIngest } from '../conformance/ingest-records.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { type PostgresBench, postgresBench } from './postgres-bench.ts'
import { lock } from './postgres-holds.ts'

const server = await startPostgres()
const skip = server ? false : 'there is no PostgreSQL to test against'
if (server) after(() => server[Symbol.asyncDispose]())

/** An advisory lock that the tests hold, and nobody else knows. */
const KEY = 4711

/** Lets whoever changes a row of the table wait for the lock, the change made and not committed. */
async function holdUpChanges({ schema, sql, url }: PostgresBench, table: string) {
  await sql(`CREATE FUNCTION ${schema}.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(${KEY}); RETURN NULL;
  END $$`)
  await sql(`CREATE TRIGGER waits AFTER UPDATE ON ${schema}.${table} FOR EACH ROW EXECUTE FUNCTION ${schema}.wait()`)
  return lock(url, `SELECT pg_advisory_xact_lock(${KEY})`)
}

/** An ingest of which the file "b" is missing. */
async function almostComplete(bench: IngestBench): Promise<string> {
  const { jobId } = (await bench.engine.ingests.open(newIngest(bench))).ingest
  await bench.engine.ingests.completeFile(jobId, 'a', 'e')
  return jobId
}

describe('replicas that complete and end one ingest', { skip }, () => {
  test('a file waits for an end that is under way, and is none of the ingest any more', async () => {
    await using bench = await postgresBench(server ?? { url: '' })
    const { ingests } = bench.engine
    const jobId = await almostComplete(bench)
    const hold = await holdUpChanges(bench, 'ingests')
    const ending = ingests.end(jobId)
    await hold.reached()
    const completing = ingests.completeFile(jobId, 'b', 'e')
    await Promise.race([completing, pause(200)])
    await hold.letGo()
    assert.deepEqual(await Promise.all([ending, completing]), [true, undefined])
  })

  test('an end waits for the last file that is being noted, and leaves the ingest as it is', async () => {
    await using bench = await postgresBench(server ?? { url: '' })
    const { ingests } = bench.engine
    const jobId = await almostComplete(bench)
    const hold = await holdUpChanges(bench, 'ingest_files')
    const completing = ingests.completeFile(jobId, 'b', 'e')
    await hold.reached()
    const ending = ingests.end(jobId, bench.clock.now() + 60_000)
    await Promise.race([ending, pause(200)])
    await hold.letGo()
    assert.equal(await ending, false)
    assert.deepEqual(await completing, await ingests.get(jobId))
  })
})
