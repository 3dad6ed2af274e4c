import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import type { Ingest } from '../../src/engine/ingest-records.ts'
import { IngestSweep } from '../../src/input/ingest-sweep.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openTestService } from '../support/test-service.ts'
import { until } from '../support/until.ts'

/** A sweep over the records of a service, which ends ingests as `settle` does. */
async function openSweep(settle: (ingest: Ingest) => Promise<void>) {
  const clock = new ManualClock()
  const service = await openTestService({ clock })
  const { ingests: records } = service.engine
  const faults: unknown[] = []
  const sweep = new IngestSweep(records, clock, { settle, onFault: (fault) => faults.push(fault) })
  await sweep.start()
  const open = async (jobId: string, inMs: number): Promise<void> => {
    const times = { createdAt: clock.now(), expiresAt: clock.now() + inMs, closedAt: null }
    await records.open({ jobId, bucket: 'datasets', ...times, files: [], draft: service.jobs.draft({}, jobId) })
    sweep.expect(times.expiresAt)
  }
  return {
    ...{ clock, records, sweep, faults, open },
    [Symbol.asyncDispose]: async () => {
      await sweep.stop()
      await service[Symbol.asyncDispose]()
    },
  }
}

test('what falls due while a slow sweep is under way is swept after it', async () => {
  const slow = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const settled: string[] = []
  await using setup = await openSweep(async ({ jobId }) => {
    settled.push(jobId)
    if (jobId === 'broken' && settled.length === 1) throw new Error('The store is away.')
    if (jobId === 'slow') {
      begun.resolve()
      await slow.promise
    }
    await setup.records.forget(jobId)
  })
  const { clock, faults, open } = setup
  await open('broken', 1_000)
  await open('slow', 2_000)
  clock.advance(2_000)
  await begun.promise
  await open('late', 10_000)
  clock.advance(100_000)
  slow.resolve()
  await until(async () => (await setup.records.countOpen()) === 0)
  assert.deepEqual(settled.sort(), ['broken', 'broken', 'late', 'slow'])
  assert.equal(faults.length, 1)
})

test('many that cannot be ended keep none behind them from it for long', async () => {
  const settled: string[] = []
  await using setup = await openSweep(async ({ jobId }) => {
    if (jobId.startsWith('broken')) throw new Error('The store is away.')
    settled.push(jobId)
    await setup.records.forget(jobId)
  })
  const { clock, sweep, open } = setup
  for (let i = 0; i < 100; i++) await open(`broken-${i}`, 1_000)
  await open('behind', 2_000)
  clock.advance(2_000)
  await sweep.sweep()
  assert.deepEqual(settled, [])
  clock.advance(60_000)
  await sweep.sweep()
  assert.deepEqual(settled, ['behind'])
})

test('a sweep that was asked for by a timer is not begun any more once it is stopped', async () => {
  const slow = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const settled: string[] = []
  await using setup = await openSweep(async ({ jobId }) => {
    settled.push(jobId)
    begun.resolve()
    await slow.promise
  })
  const { clock, records, sweep, open } = setup
  await open('slow', 1_000)
  clock.advance(1_000)
  await begun.promise
  await open('late', 1_000)
  clock.advance(1_000)
  let looks = 0
  records.listOpen = async () => {
    looks += 1
    return []
  }
  const stopping = sweep.stop()
  slow.resolve()
  await stopping
  for (let turn = 0; turn < 50; turn++) await immediate()
  assert.deepEqual([settled, looks], [['slow'], 0])
})
