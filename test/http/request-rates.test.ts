import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestRates } from '../../src/http/request-rates.ts'

test('a minute of requests may come at once, then they come back evenly', () => {
  const rates = new RequestRates()
  for (let n = 0; n < 60; n++) assert.equal(rates.take('a', 60, 1_000), 0)
  assert.equal(rates.take('a', 60, 1_000), 1_000)
  assert.equal(rates.take('b', 60, 1_000), 0)
  assert.equal(rates.take('a', 60, 1_999), 1)
  assert.equal(rates.take('a', 60, 2_000), 0)
  assert.equal(rates.take('a', 60, 2_000), 1_000)
})

test('whenever requests come, no minute has more than twice the limit, and who waits as told is let in', () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 })
  const property = fc.property(fc.integer({ min: 1, max: 50 }), arrivals, (perMinute, gaps) => {
    const rates = new RequestRates()
    const taken: number[] = []
    let now = 0
    for (const gap of gaps) {
      now += gap
      const waitMs = rates.take('a', perMinute, now)
      if (waitMs === 0) taken.push(now)
      else assert.equal(rates.take('a', perMinute, Math.ceil(now + waitMs)), 0)
      if (waitMs > 0) taken.push(Math.ceil(now + waitMs))
      if (waitMs > 0) now = Math.ceil(now + waitMs)
    }
    for (const start of taken) {
      const within = taken.filter((at) => at >= start && at < start + 60_000).length
      assert.ok(within <= 2 * perMinute, `${within} in a minute of ${perMinute}`)
    }
  })
  fc.assert(property)
})
