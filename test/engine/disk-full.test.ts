import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import { COMPLETED, decideOn, submit } from '../conformance/job-engine/bench.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { TestWorker } from '../support/test-worker.ts'
import { sqliteBench } from './sqlite-bench.ts'

/** A file system of 4 MiB, if this machine lets us mount one. */
async function smallDisk(): Promise<({ path: string } & AsyncDisposable) | undefined> {
  const folder = await tempFolder()
  const { path } = folder
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path]).status === 0
  if (!mounted) return folder[Symbol.asyncDispose]().then(() => undefined)
  const dispose = async (): Promise<void> => {
    spawnSync('umount', [path])
    await folder[Symbol.asyncDispose]()
  }
  return { path, [Symbol.asyncDispose]: dispose }
}

test('a full disk refuses clearly, loses nothing, and all goes on when there is space', async (t) => {
  await using disk = await smallDisk()
  if (disk === undefined) return t.skip('needs the right to mount a tmpfs')
  await using bench = await sqliteBench({ path: join(disk.path, 'longshore.db') })
  const worker = new TestWorker(bench.engine)
  const first = await submit(bench)
  const run = await worker.next()
  const ballast = join(disk.path, 'ballast')
  await writeFile(ballast, Buffer.alloc(3 * 1024 * 1024))

  const kept: string[] = [first.id]
  let refused = 0
  for (let round = 0; refused === 0; round++) {
    assert.ok(round < 2_000, 'the disk never became full')
    const parameters = { filler: 'x'.repeat(1_500) }
    const answers = await Promise.allSettled([1, 2, 3].map(() => submit(bench, { parameters })))
    for (const answer of answers) {
      if (answer.status === 'fulfilled') kept.push(answer.value.id)
      else assert.equal(answer.reason.code, 'STORAGE_FULL')
    }
    refused = answers.filter(({ status }) => status === 'rejected').length
  }
  assert.equal(refused, 3, 'all of a group fail together')
  const full = await bench.engine
    .settle(run.lease, decideOn(COMPLETED, bench.clock.now()), { checkpoint: 'y'.repeat(50_000) })
    .catch((thrown) => thrown)
  assert.ok(full instanceof LongshoreError && full.code === 'STORAGE_FULL')
  assert.equal(
    (await bench.engine.get(first.id))?.state,
    'processing',
    'reading goes on, and memory agrees with the disk',
  )

  await rm(ballast)
  const settled = await bench.engine.settle(run.lease, decideOn(COMPLETED, bench.clock.now()), {})
  assert.equal(settled?.state, 'completed')
  run.end()
  const files = Array.from({ length: 200 }, (_, n) => ({ uri: `s3://datasets/${n}.dat` }))
  const urgent = await submit(bench, { priority: 9, manifest: { files } })
  const second = await worker.next()
  await bench.engine.settle(second.lease, decideOn(COMPLETED, bench.clock.now()), {})
  second.end()
  assert.equal((await worker.next()).job.id, urgent.id, 'a job that takes the place of a refused one is itself')
  kept.push(urgent.id)
  const engine = await bench.reopen()
  const found = await Promise.all(kept.map((id) => engine.get(id)))
  assert.ok(found.every((job) => job !== undefined))
  const { states } = await engine.counts()
  assert.equal(
    Object.values(states).reduce((sum, count) => sum + count),
    kept.length,
  )
})

test('claims that a full disk stopped are tried again', async (t) => {
  await using disk = await smallDisk()
  if (disk === undefined) return t.skip('needs the right to mount a tmpfs')
  await using bench = await sqliteBench({ path: join(disk.path, 'longshore.db') })
  await submit(bench)
  const ballast = join(disk.path, 'ballast')
  await writeFile(ballast, Buffer.alloc(8 * 1024 * 1024)).catch(() => {})
  const worker = new TestWorker(bench.engine)
  while (bench.errors.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(bench.errors[0] instanceof LongshoreError && bench.errors[0].code === 'STORAGE_FULL')
  await rm(ballast)
  bench.advance(1_000)
  assert.equal((await worker.next()).job.attempt, 1)
})
