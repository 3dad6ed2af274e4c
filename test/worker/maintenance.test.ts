import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Maintenance } from '../../src/worker/maintenance.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('a sweep that fails is told, tried again an hour later, and does not spoil the stop', async () => {
  const clock = new ManualClock()
  const told: unknown[] = []
  const sweep = async (): Promise<number> => {
    throw new Error('disk full')
  }
  const maintenance = new Maintenance({
    retention: { sweep },
    activity: { foldTallies: async () => {} },
    clock,
    onError: (thrown) => told.push(thrown),
  })
  await maintenance.start()
  for (let hour = 0; hour < 2; hour++) {
    await new Promise(setImmediate)
    clock.advance(3_600_000)
  }
  await maintenance.stop()
  assert.equal(told.length, 3)
  assert.equal(clock.pending, 0)
})
