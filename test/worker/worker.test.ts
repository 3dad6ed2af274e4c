import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import { JobManager } from '../../src/engine/job-manager.ts'
import { LeaseKeeper } from '../../src/worker/lease-keeper.ts'
import { WorkFolders } from '../../src/worker/work-folders.ts'
import { Worker, type WorkerParts } from '../../src/worker/worker.ts'
import { type SqliteBench, sqliteBench } from '../engine/sqlite-bench.ts'
import { JOB_RULES } from '../support/job-rules.ts'

const LEASE_MS = 30_000

function openWorker(bench: SqliteBench, runAttempt: WorkerParts['runAttempt'], wrap = (jobs: JobManager) => jobs) {
  const { engine, clock } = bench
  const jobs = wrap(new JobManager({ engine, clock, rules: JOB_RULES }))
  const errors: unknown[] = []
  const leases = new LeaseKeeper({ jobs, clock, leaseMs: LEASE_MS, onError: (thrown) => errors.push(thrown) })
  const worker = new Worker({
    jobs,
    clock,
    leases,
    folders: new WorkFolders(`${bench.folder}/work`),
    runAttempt,
    onCancelRequested: (hearer) =>
      engine.subscribe((event) => event.type === 'job.cancel_requested' && hearer(event.jobId)),
    onError: (thrown) => errors.push(thrown),
    name: 'worker',
    concurrency: 1,
    groupConcurrency: undefined,
    budget: { cpu: 8, memoryBytes: 1024 ** 3, scratchBytes: 1024 ** 3 },
    reserveAfterMs: 30_000,
    leaseMs: LEASE_MS,
    shutdownGraceMs: 1_000,
    abortGraceMs: 1_000,
  })
  const submit = () => jobs.submit(jobs.draft({}), { uri: 's3://datasets/manifest.json' })
  return { worker, leases, jobs, errors, submit }
}

const turn = (): Promise<void> => new Promise(setImmediate)

test('a second stop waits for the first: nothing below may stop while attempts run', async () => {
  await using bench = await sqliteBench()
  const begun = Promise.withResolvers<void>()
  const { worker, submit } = openWorker(bench, () => {
    begun.resolve()
    return new Promise(() => {})
  })
  await worker.start()
  await submit()
  await begun.promise
  let stops = 0
  const stopping = [worker.stop(), worker.stop()].map((each) => each.then(() => stops++))
  await turn()
  assert.equal(stops, 0)
  bench.clock.advance(1_000)
  await turn()
  bench.clock.advance(1_000)
  await Promise.all(stopping)
})

test('a stuck attempt is handed back at no cost, and what it says later changes nothing', async () => {
  await using bench = await sqliteBench()
  const held = Promise.withResolvers<void>()
  const late = Promise.withResolvers<unknown>()
  const { worker, jobs, submit } = openWorker(bench, async ({ lease }) => {
    await held.promise
    late.resolve(await jobs.settle(lease, { type: 'completed', result: 'late', outputs: [] }))
  })
  await worker.start()
  const { job } = await submit()
  while ((await jobs.get(job.id)).state !== 'processing') await turn()
  const stopped = worker.stop()
  for (let second = 0; second < 2; second++) {
    await turn()
    bench.clock.advance(1_000)
  }
  await stopped
  assert.partialDeepStrictEqual(await jobs.get(job.id), { state: 'queued', attempt: 0 })
  held.resolve()
  assert.equal(await late.promise, undefined)
  assert.partialDeepStrictEqual(await jobs.get(job.id), { state: 'queued', attempt: 0, result: null })
})

test('a stop waits for a claim under way, though nothing runs: it has to be handed back while the engine is there', async () => {
  await using bench = await sqliteBench()
  const handedBack = Promise.withResolvers<void>()
  const claims = (jobs: JobManager): JobManager =>
    Object.assign(jobs, { dispatch: () => ({ stop: () => handedBack.promise }) })
  const { worker } = openWorker(bench, async () => {}, claims)
  await worker.start()
  let stopped = false
  const stopping = worker.stop().then(() => {
    stopped = true
  })
  await turn()
  assert.equal(stopped, false)
  handedBack.resolve()
  await stopping
})

test('a stop ends even when the disk takes nothing any more', async () => {
  await using bench = await sqliteBench()
  const full = new LongshoreError('STORAGE_FULL', 'full')
  const fails = (jobs: JobManager): JobManager =>
    Object.assign(jobs, {
      settle: () => Promise.reject(full),
      dispatch: () => ({ stop: () => Promise.reject(full) }),
    })
  const { worker, errors } = openWorker(bench, async () => {}, fails)
  await worker.start()
  await worker.stop()
  assert.deepEqual(errors, [full])
})
