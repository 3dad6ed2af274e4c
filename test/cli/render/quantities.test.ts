import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showBytes, showDuration, showInstant, showSpan } from '../../../src/cli/render/quantities.ts'

test('sizes are in binary units, with a decimal where it tells something', () => {
  assert.deepEqual([0, 1, 1023, 1024, 1536, 5 * 1024 ** 3].map(showBytes), [
    '0 B',
    '1 B',
    '1023 B',
    '1 KiB',
    '1.5 KiB',
    '5 GiB',
  ])
})

test('a span is its largest unit, a duration has two', () => {
  assert.deepEqual([-5, 0, 999, 1000, 59_999, 60_000, 3_599_999, 86_400_000].map(showSpan), [
    '0s',
    '0s',
    '0s',
    '1s',
    '59s',
    '1m',
    '59m',
    '1d',
  ])
  assert.deepEqual([12, 1234, 63_000, 3_663_000].map(showDuration), ['12ms', '1.2s', '1m 3s', '1h 1m'])
})

test('an instant is told in local time, and how far it is', () => {
  const instant = new Date(2026, 0, 2, 3, 4, 5).toISOString()
  const at = (offsetMs: number): string => showInstant(instant, Date.parse(instant) + offsetMs)
  assert.equal(at(0), '2026-01-02 03:04:05 (now)')
  assert.equal(at(180_000), '2026-01-02 03:04:05 (3m ago)')
  assert.equal(at(-7_200_000), '2026-01-02 03:04:05 (in 2h)')
})
