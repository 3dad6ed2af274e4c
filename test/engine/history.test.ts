import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lengthOf, stepOf, type Tally } from '../../src/engine/activity.ts'
import { historyOf } from '../../src/engine/history.ts'

test('a length read back from its step is within a tenth of what was measured', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_592_000_000 }), (ms) => {
      assert.ok(Math.abs(lengthOf(stepOf(ms)) - ms) <= ms / 10, `${ms} ms became ${lengthOf(stepOf(ms))}`)
    }),
  )
  assert.equal(lengthOf(stepOf(0)), 0)
  assert.equal(lengthOf(stepOf(-5)), 0)
})

test('every slice of the window is there, the whole sums them up, and lengths are those of the share asked for', () => {
  const tally = (at: number, ms: number, jobs: number): Tally => ({ at, kind: 'completed', step: stepOf(ms), jobs })
  const tallies = [tally(0, 100, 94), tally(0, 10_000, 6), tally(120, 1_000, 1)]
  const { slices, whole } = historyOf(tallies, { from: 0, sliceMs: 60, now: 130 })
  assert.deepEqual(
    slices.map(({ at, completed }) => [at, completed]),
    [
      [0, 100],
      [60, 0],
      [120, 1],
    ],
  )
  assert.equal(whole.completed, 101)
  const { p50Ms = 0, p95Ms = 0 } = slices[0]?.ran ?? {}
  assert.ok(p50Ms > 90 && p50Ms < 110 && p95Ms > 9_000 && p95Ms < 11_000, `${p50Ms}, ${p95Ms}`)
  assert.equal(slices[1]?.ran, null)
})
