import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UNLIMITED } from '../../src/access/access-list.ts'
import { LongshoreError } from '../../src/base/errors.ts'
import { JobManager, type JobManagerParts, type JobRules } from '../../src/engine/job-manager.ts'
import { JOB_RULES } from '../support/job-rules.ts'
import { type SqliteBench, sqliteBench } from './sqlite-bench.ts'

const MANIFEST = { uri: 's3://datasets/manifest.json' }

function managerOf(
  { engine, clock }: SqliteBench,
  rules: Partial<JobRules> = {},
  drain?: JobManagerParts['drain'],
): JobManager {
  return new JobManager({
    engine,
    clock,
    ...(drain && { drain }),
    random: () => 0.5,
    rules: { ...JOB_RULES, ...rules },
  })
}

test('what a submitter leaves out takes the rules', async () => {
  await using bench = await sqliteBench()
  const manager = managerOf(bench)
  const { job } = await manager.submit(manager.draft({}), MANIFEST)
  const now = bench.clock.now()
  const expected = { createdAt: now, runAt: now, manifest: MANIFEST, maxAttempts: 3, timeoutMs: 60_000, priority: 0 }
  assert.partialDeepStrictEqual(job, { ...expected, processor: { name: 'test', version: '1.0.0' }, group: null })
})

test('a delay counts from now', async () => {
  await using bench = await sqliteBench()
  assert.equal(managerOf(bench).draft({ delayMs: 1_500 }).runAt, bench.clock.now() + 1_500)
})

test('what the processor refuses is not kept', async () => {
  await using bench = await sqliteBench()
  const manager = managerOf(bench, {
    checkParameters: () => {
      throw new LongshoreError('PARAMETERS_INVALID', 'threshold must be a number')
    },
  })
  assert.throws(() => manager.draft({ parameters: { threshold: 'x' } }), { code: 'PARAMETERS_INVALID' })
})

test('a full queue refuses with a time to come back', async () => {
  await using bench = await sqliteBench()
  const manager = managerOf(bench, { maxQueued: 2 })
  await manager.submit(manager.draft({}), MANIFEST)
  await manager.submit(manager.draft({}), MANIFEST)
  const refused = { code: 'QUEUE_FULL', status: 429, retryAfterMs: 5_000 }
  await assert.rejects(manager.submit(manager.draft({}), MANIFEST), refused)
})

test('the time to come back is that of the queue that is full, whoever submitted', async () => {
  await using bench = await sqliteBench()
  const asked: unknown[] = []
  const drain = {
    waitMs: async (most: number, tenant?: string) => {
      asked.push([most, tenant])
      return 7_000
    },
  }
  const limitsOf = (tenant: string | null) => (tenant === 'acme' ? { ...UNLIMITED, queuedJobs: 1 } : UNLIMITED)
  const manager = managerOf(bench, { maxQueued: 2, limitsOf }, drain)
  const timed = (tenant?: string): Promise<LongshoreError> =>
    manager.submit(manager.draft(tenant === undefined ? {} : { tenant }), MANIFEST).then(
      () => assert.fail('it was taken'),
      (refused) => manager.whenToReturn(refused),
    )
  await manager.submit(manager.draft({ tenant: 'acme' }), MANIFEST)
  assert.equal((await timed('acme')).retryAfterMs, 7_000)
  await manager.submit(manager.draft({}), MANIFEST)
  assert.match((await timed('acme')).message, /MAX_QUEUED_JOBS/)
  await timed()
  assert.deepEqual(asked, [
    [1, 'acme'],
    [2, undefined],
    [2, undefined],
  ])
})

test('a full queue still answers what it took before', async () => {
  await using bench = await sqliteBench()
  const manager = managerOf(bench, { maxQueued: 1 })
  const request = { idempotency: { key: 'once', requestHash: 'a' } }
  const first = await manager.submit(manager.draft(request), MANIFEST)
  const again = await manager.submit(manager.draft(request), MANIFEST)
  assert.deepEqual([again.job.id, again.replayed], [first.job.id, true])
})

test('an unknown job is named in the error', async () => {
  await using bench = await sqliteBench()
  const manager = managerOf(bench)
  const expected = { code: 'JOB_NOT_FOUND', message: /no job nowhere/ }
  await assert.rejects(manager.get('nowhere'), expected)
  await assert.rejects(manager.files('nowhere', { limit: 1 }), expected)
  await assert.rejects(manager.logs('nowhere', 1), expected)
  await assert.rejects(manager.cancel('nowhere'), expected)
  await assert.rejects(manager.retry('nowhere', { failedFilesOnly: false }), expected)
})

test('cancelling twice is one cancel; a completed job cannot be cancelled, nor retried', async () => {
  await using bench = await sqliteBench()
  const manager = managerOf(bench)
  const { job } = await manager.submit(manager.draft({}), MANIFEST)
  const cancelled = await manager.cancel(job.id)
  assert.deepEqual(await manager.cancel(job.id), cancelled)
  const { job: other } = await manager.submit(manager.draft({}), MANIFEST)
  const dispatch = manager.dispatch({ worker: 'w', concurrency: 1, leaseMs: 1_000 }, async ({ lease }) => {
    await manager.settle(lease, { type: 'completed', result: null, outputs: [] })
    ran.resolve()
  })
  const ran = Promise.withResolvers<void>()
  await ran.promise
  await dispatch.stop()
  await assert.rejects(manager.cancel(other.id), { code: 'JOB_FINAL' })
  await assert.rejects(manager.retry(other.id, { failedFilesOnly: false }), { code: 'JOB_NOT_RETRYABLE' })
})

test('a cancelled job can be retried once, then it waits', async () => {
  await using bench = await sqliteBench()
  const manager = managerOf(bench)
  const { job } = await manager.submit(manager.draft({}), MANIFEST)
  await manager.cancel(job.id)
  assert.equal((await manager.retry(job.id, { failedFilesOnly: false })).state, 'queued')
  await assert.rejects(manager.retry(job.id, { failedFilesOnly: false }), { code: 'JOB_NOT_RETRYABLE' })
})

test('a failed attempt waits for half its ceiling when chance is one half', async () => {
  await using bench = await sqliteBench()
  const manager = managerOf(bench)
  await manager.submit(manager.draft({}), MANIFEST)
  const settled = Promise.withResolvers<number | undefined>()
  const dispatch = manager.dispatch({ worker: 'w', concurrency: 1, leaseMs: 1_000 }, async ({ lease }) => {
    const outcome = { type: 'failed', code: 'X', message: 'm', retryable: true } as const
    settled.resolve((await manager.settle(lease, outcome))?.runAt)
  })
  assert.equal(await settled.promise, bench.clock.now() + 5_000)
  await dispatch.stop()
})
