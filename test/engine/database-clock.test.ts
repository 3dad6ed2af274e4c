import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DatabaseClock } from '../../src/engine/postgres/database-clock.ts'

/** A clock on a machine whose monotonic time the test moves, and a database that is `ahead` of it. */
function openBench(context: TestContext) {
  const bench = {
    at: 1_000,
    ahead: 5_000_000,
    clock: new DatabaseClock(),
    error: () => 0,
    ask: async (_: number[]) => {},
  }
  context.mock.method(performance, 'now', () => bench.at)
  bench.error = () => bench.clock.now() - (bench.at + bench.ahead)
  bench.ask = async ([there = 0, back = 0]) => {
    await bench.clock.measure(async () => {
      bench.at += there
      const databaseNow = bench.at + bench.ahead
      bench.at += back
      return { databaseNow }
    })
  }
  return bench
}

test('an answer that was held up on its way does not spoil what is known of the time', async (context) => {
  const bench = openBench(context)
  await bench.ask([1, 1])
  assert.equal(bench.error(), 0)
  await bench.ask([12_000, 1])
  assert.ok(Math.abs(bench.error()) <= 10, `off by ${bench.error()} ms`)
  await bench.ask([1, 12_000])
  assert.ok(Math.abs(bench.error()) <= 20, `off by ${bench.error()} ms`)
})

test('a first answer that was held up is replaced by the next good one', async (context) => {
  const bench = openBench(context)
  await bench.ask([8_000, 1])
  await bench.ask([3, 1])
  assert.ok(Math.abs(bench.error()) <= 2, `off by ${bench.error()} ms`)
})

test('a clock that was set is followed, however long the answer took', async (context) => {
  const bench = openBench(context)
  await bench.ask([1, 1])
  bench.ahead += 60_000
  await bench.ask([700, 100])
  assert.ok(Math.abs(bench.error()) <= 400, `off by ${bench.error()} ms`)
})
