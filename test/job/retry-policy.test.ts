import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backoffMs, DEFAULT_RETRY_POLICY } from '../../src/job/retry-policy.ts'

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('a backoff is a whole number of ms, not negative, below its ceiling', () => {
  const policies = fc.record({ baseMs: fc.integer({ min: 0, max: 1e6 }), capMs: fc.integer({ min: 0, max: 1e8 }) })
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 10_000 }), chance, (policy, attempt, random) => {
      const delayMs = backoffMs(policy, attempt, random)
      const ceilingMs = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt - 1, 52))
      assert.ok(Number.isInteger(delayMs) && delayMs >= 0)
      assert.ok(delayMs < ceilingMs || ceilingMs === 0)
    }),
  )
})

test('the ceiling doubles from 10 s to 1 h', () => {
  const almost = 1 - Number.EPSILON
  const ceilings = [1, 2, 3, 9, 10, 100].map((attempt) =>
    Math.ceil(backoffMs(DEFAULT_RETRY_POLICY, attempt, almost) / 1_000),
  )
  assert.deepEqual(ceilings, [10, 20, 40, 2_560, 3_600, 3_600])
})

test('chance spreads the delay over the whole range', () => {
  assert.deepEqual(
    [0, 0.25, 0.5].map((random) => backoffMs(DEFAULT_RETRY_POLICY, 1, random)),
    [0, 2_500, 5_000],
  )
})
