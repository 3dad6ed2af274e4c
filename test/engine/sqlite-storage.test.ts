import assert from 'node:assert/strict'
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import type { Claim } from '../../src/engine/job-engine.ts'
import { PHASE } from '../../src/engine/record/phase.ts'
import { MIGRATIONS, migrate } from '../../src/engine/sqlite/migrations.ts'
import { SqliteEngine } from '../../src/engine/sqlite/sqlite-engine.ts'
import type { JsonValue } from '../../src/job/job.ts'
import { COMPLETED, decideOn, runOne, submit } from '../conformance/job-engine/bench.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { TestWorker } from '../support/test-worker.ts'
import { sqliteBench } from './sqlite-bench.ts'

const NO_JOBS = { queued: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }

function schemaOf(db: DatabaseSync): unknown[] {
  return db.prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").all()
}

describe('migrations', () => {
  test('an empty file and a file of every earlier version come to the same schema', () => {
    const fresh = new DatabaseSync(':memory:')
    migrate(fresh)
    for (let version = 1; version <= MIGRATIONS.length; version++) {
      const old = new DatabaseSync(':memory:')
      migrate(old, MIGRATIONS.slice(0, version))
      migrate(old)
      assert.deepEqual(schemaOf(old), schemaOf(fresh))
    }
  })

  test('a step that fails leaves the file as it was, and works when it is mended', () => {
    const db = new DatabaseSync(':memory:')
    assert.throws(() => migrate(db, [...MIGRATIONS, 'CREATE TABLE extra (a); CREATE TABLE jobs (b)']), /jobs/)
    db.exec('ROLLBACK')
    migrate(db, [...MIGRATIONS, 'CREATE TABLE extra (a)'])
    assert.equal(db.prepare('PRAGMA user_version').get()?.user_version, MIGRATIONS.length + 1)
  })

  test('a file of a newer version is refused and left alone', async () => {
    await using bench = await sqliteBench()
    await bench.engine.stop()
    const db = new DatabaseSync(bench.path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    const expected = { code: 'DATA_DIR_UNUSABLE', message: /newer version of Longshore \(its schema is 99/ }
    await assert.rejects(bench.reopen(), expected)
  })

  test("another program's SQLite file is refused", async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'longshore.db')
    const db = new DatabaseSync(path)
    db.exec('CREATE TABLE songs (title)')
    db.close()
    const engine = new SqliteEngine({ path, clock: new ManualClock() })
    await assert.rejects(engine.start(), { code: 'DATA_DIR_UNUSABLE', message: /another program/ })
  })
})

describe('the file', () => {
  test('what is no database is named, with what to do', async () => {
    await using folder = await tempFolder()
    const path = join(folder.path, 'longshore.db')
    await writeFile(path, 'not a database at all, but long enough to have a header'.repeat(50))
    const engine = new SqliteEngine({ path, clock: new ManualClock() })
    const expected = { code: 'DATA_DIR_UNUSABLE', message: /longshore\.db is damaged or not a database\. Restore it/ }
    await assert.rejects(engine.start(), expected)
  })

  test('a torn file is named', async () => {
    await using bench = await sqliteBench()
    for (let n = 0; n < 50; n++) await submit(bench)
    await bench.engine.stop()
    await truncate(bench.path, 6_000)
    await assert.rejects(bench.reopen(), { code: 'DATA_DIR_UNUSABLE', message: /damaged/ })
  })

  test('a second engine on the same file is refused', async () => {
    await using bench = await sqliteBench()
    const second = new SqliteEngine({ path: bench.path, clock: bench.clock })
    await assert.rejects(second.start(), { code: 'DATA_DIR_LOCKED' })
    await second.stop()
    await submit(bench)
  })

  test('a copy taken at any moment, as a power cut would leave it, holds everything that was answered', async () => {
    await using bench = await sqliteBench()
    const { id } = await submit(bench)
    const done = await runOne(bench, COMPLETED)
    await submit(bench)
    const { lease } = await new TestWorker(bench.engine).next()
    await bench.engine.save(lease, { progress: { stage: 's', n: 1 } })
    const path = join(bench.folder, 'copy.db')
    await copyFile(bench.path, path)
    await copyFile(`${bench.path}-wal`, `${path}-wal`)
    const engine = new SqliteEngine({ path, clock: bench.clock })
    await engine.start()
    assert.deepEqual(await engine.get(id), done)
    const [rescued] = await engine.rescue(decideOn({ type: 'expired' }, bench.clock.now()))
    assert.partialDeepStrictEqual(rescued, { id: lease.jobId, state: 'queued', version: 4 })
    await engine.stop()
  })

  test('a job that comes to a free slot, or to that of an attempt which settles, is written once before its end', async () => {
    await using bench = await sqliteBench()
    await bench.engine.stop()
    const db = new DatabaseSync(bench.path)
    db.exec(`CREATE TABLE updates (id TEXT, phase INTEGER);
      CREATE TRIGGER updated AFTER UPDATE ON jobs BEGIN INSERT INTO updates VALUES (NEW.id, NEW.phase); END`)
    db.close()
    const engine = await bench.reopen()
    const worker = new TestWorker(engine, { concurrency: 2 })
    const settle = ({ lease }: Claim) => engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    await Promise.all([submit(bench, { id: 'a' }), submit(bench, { id: 'b' })])
    const runs = await worker.take(2)
    await Promise.all([submit(bench, { id: 'c' }), ...runs.map(settle), submit(bench, { id: 'd' })])
    assert.deepEqual((await engine.counts()).states, { ...NO_JOBS, processing: 2, completed: 2 })
    for (const { end } of runs) end()
    const others = await worker.take(2)
    await Promise.all(others.map(settle))
    await engine.stop()
    for (const { end } of others) end()
    const file = new DatabaseSync(bench.path)
    const updates = file.prepare('SELECT id, phase FROM updates ORDER BY id').all()
    file.close()
    assert.deepEqual(
      updates.map(({ id, phase }) => `${id} ${phase}`),
      ['a', 'b', 'c', 'd'].map((id) => `${id} ${PHASE.completed}`),
    )
  })

  test('a half-written end of the log costs nothing that was answered', async () => {
    await using bench = await sqliteBench()
    const first = await submit(bench)
    const whole = await readFile(`${bench.path}-wal`)
    await submit(bench)
    const torn = (await readFile(`${bench.path}-wal`)).subarray(0, whole.length + 1_000)
    const path = join(bench.folder, 'copy.db')
    await copyFile(bench.path, path)
    await writeFile(`${path}-wal`, torn)
    const engine = new SqliteEngine({ path, clock: bench.clock })
    await engine.start()
    assert.deepEqual((await engine.list({ limit: 10 })).items, [first])
    await engine.stop()
  })

  test('after start every attempt of the dead process is rescued by the first call', async () => {
    await using bench = await sqliteBench()
    await submit(bench)
    await new TestWorker(bench.engine, { leaseMs: 3_600_000 }).next()
    const engine = await bench.reopen()
    const rescued = await engine.rescue(decideOn({ type: 'expired' }, bench.clock.now()))
    assert.equal(rescued.length, 1)
  })
})

/** Parameters that throw when they are to be written. */
const UNWRITABLE = {
  toJSON: () => {
    throw new RangeError('not JSON')
  },
} as unknown as JsonValue

describe('group commit', () => {
  test('writes of one turn share one transaction: when one is answered, all are on disk', async () => {
    await using bench = await sqliteBench()
    let kept = 0
    const jobs = Array.from({ length: 64 }, () => submit(bench))
    bench.engine.subscribe((event) => {
      if (event.type === 'job.queued') kept++
    })
    await jobs[0]
    assert.equal(kept, 64)
    await Promise.all(jobs)
  })

  test('a write that throws fails alone', async () => {
    await using bench = await sqliteBench()
    await submit(bench)
    const { lease } = await new TestWorker(bench.engine).next()
    const broken = bench.engine.settle(
      lease,
      () => {
        throw new RangeError('the policy broke')
      },
      { progress: { stage: 'never' }, logs: [{ attempt: 1, at: 1, level: 'info', message: 'never' }] },
    )
    const [before, failed, after] = await Promise.allSettled([submit(bench), broken, submit(bench)])
    assert.deepEqual([before.status, failed.status, after.status], ['fulfilled', 'rejected', 'fulfilled'])
    assert.ok(failed.status === 'rejected' && failed.reason instanceof RangeError)
    assert.partialDeepStrictEqual(await bench.engine.get(lease.jobId), { state: 'processing', version: 2 })
    assert.deepEqual(await bench.engine.logs(lease.jobId, 10), [])
    assert.equal((await bench.engine.counts()).states.queued, 2)
  })

  test('of submits that share statements, the one that cannot be written fails alone', async () => {
    await using bench = await sqliteBench()
    const wishes = Array.from({ length: 12 }, (_, i) => submit(bench, i === 5 ? { parameters: UNWRITABLE } : {}))
    const answers = await Promise.allSettled(wishes)
    assert.deepEqual(
      answers.map(({ status }) => status),
      wishes.map((_, i) => (i === 5 ? 'rejected' : 'fulfilled')),
    )
    assert.ok(answers[5]?.status === 'rejected' && answers[5].reason instanceof RangeError)
    assert.equal((await bench.engine.counts()).states.queued, 11)
    assert.equal((await bench.engine.list({ limit: 100 })).items.length, 11)
  })

  test('what was submitted before a stop is on disk, also beside one that cannot be written', async () => {
    await using bench = await sqliteBench()
    const wishes = [submit(bench), submit(bench, { parameters: UNWRITABLE }), submit(bench)]
    const [answers] = await Promise.all([Promise.allSettled(wishes), bench.engine.stop()])
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    const engine = await bench.reopen()
    assert.equal((await engine.counts()).states.queued, 2)
  })

  test('a settle that failed has freed no slot', async () => {
    await using bench = await sqliteBench()
    await submit(bench)
    const { lease, end } = await new TestWorker(bench.engine).next()
    const broken = bench.engine.settle(
      lease,
      () => {
        throw new RangeError('the policy broke')
      },
      {},
    )
    await Promise.allSettled([submit(bench), broken, submit(bench)])
    await submit(bench)
    assert.equal((await bench.engine.counts()).states.processing, 1)
    end()
  })

  test('of submits beside one that cannot be written, the highest priority begins', async () => {
    await using bench = await sqliteBench()
    const worker = new TestWorker(bench.engine)
    const wishes = [{}, { parameters: UNWRITABLE }, { id: 'high', priority: 9 }]
    await Promise.allSettled(wishes.map((wish) => submit(bench, wish)))
    const { job, end } = await worker.next()
    assert.equal(job.id, 'high')
    end()
  })

  test('two dispatches are served first in turn, also of jobs that begin with their insert', async () => {
    await using bench = await sqliteBench()
    const { engine } = bench
    const workers = ['worker-1', 'worker-2'].map((worker) => new TestWorker(engine, { worker }))
    const first: string[] = []
    for (let round = 0; round < 6; round++) {
      const high = `high-${round}`
      await Promise.all([submit(bench), submit(bench, { id: high, priority: 9 })])
      const runs = await Promise.all(workers.map((worker) => worker.next()))
      for (const { job, lease } of runs) {
        if (job.id === high) first.push(lease.worker)
        await engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
      }
      for (const { end } of runs) end()
      await engine.counts()
    }
    assert.deepEqual(first.slice(2), first.slice(0, 4))
    assert.notEqual(first[0], first[1])
  })

  test('jobs that were to begin in a round that failed begin once', async () => {
    await using bench = await sqliteBench()
    const worker = new TestWorker(bench.engine, { concurrency: 30 })
    const wishes = Array.from({ length: 20 }, (_, i) => submit(bench, i === 5 ? { parameters: UNWRITABLE } : {}))
    const answers = await Promise.allSettled(wishes)
    const ids = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.id : []))
    assert.equal(ids.length, 19)
    const runs = await worker.take(19)
    assert.deepEqual(new Set(runs.map(({ job }) => job.id)), new Set(ids))
    for (const { lease } of runs) await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    for (const { end } of runs) end()
    assert.equal(worker.untaken, 0)
    assert.deepEqual((await bench.engine.counts()).states, { ...NO_JOBS, completed: 19 })
  })

  test('a listener that throws hurts nobody', async () => {
    await using bench = await sqliteBench()
    bench.engine.subscribe(() => {
      throw new Error('deaf')
    })
    let heard = 0
    bench.engine.subscribe(() => heard++)
    await submit(bench)
    assert.deepEqual([heard, bench.errors.length], [1, 1])
  })

  test('a stopped engine refuses, and stopping twice or before the start is safe', async () => {
    await using bench = await sqliteBench()
    const asked = submit(bench)
    await bench.engine.stop()
    await bench.engine.stop()
    assert.equal((await asked).state, 'queued')
    await assert.rejects(bench.engine.get('x'), { code: 'ENGINE_UNAVAILABLE' })
    await assert.rejects(submit(bench), { code: 'ENGINE_UNAVAILABLE' })
    await new SqliteEngine({ path: bench.path, clock: bench.clock }).stop()
  })

  test('an idle engine holds no timer', async () => {
    await using bench = await sqliteBench()
    const worker = new TestWorker(bench.engine)
    await submit(bench)
    const { lease, end } = await worker.next()
    await bench.engine.settle(lease, decideOn(COMPLETED, bench.clock.now()), {})
    end()
    assert.equal(bench.clock.pending, 0)
    await submit(bench, { runAt: bench.clock.now() + 1_000 })
    await submit(bench, { runAt: bench.clock.now() + 2_000 })
    assert.equal(bench.clock.pending, 1)
  })
})
