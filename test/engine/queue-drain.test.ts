import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tally, TallyQuery } from '../../src/engine/activity.ts'
import { QueueDrain } from '../../src/engine/queue-drain.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp(jobs: number) {
  const clock = new ManualClock(1_000 * 60_000)
  const looks: TallyQuery[] = []
  const tallies = async (query: TallyQuery): Promise<Tally[]> => {
    looks.push(query)
    return [
      { at: query.from, kind: 'completed', step: 1, jobs },
      { at: query.from, kind: 'waited', step: 1, jobs: 1_000_000 },
    ]
  }
  return { clock, looks, drain: new QueueDrain({ tallies }, clock) }
}

test('who meets a full queue comes back when a tenth of it has run, at the rate of the last minutes', async () => {
  const { drain } = setUp(3_000) // ten a second
  assert.equal(await drain.waitMs(1_000), 10_000)
  assert.equal(await drain.waitMs(300), 3_000)
})

test('nobody is sent away for less than a second or more than a minute, nor when nothing ends', async () => {
  assert.equal(await setUp(3_000).drain.waitMs(1), 1_000)
  assert.equal(await setUp(1).drain.waitMs(100_000), 60_000)
  assert.equal(await setUp(0).drain.waitMs(10), 60_000)
})

test('many who are refused at once cost one look, each tenant its own', async () => {
  const { drain, looks, clock } = setUp(10)
  await Promise.all([drain.waitMs(10), drain.waitMs(20), drain.waitMs(10, 'acme')])
  assert.deepEqual(
    looks.map(({ tenant }) => tenant),
    [undefined, 'acme'],
  )
  clock.advance(5_000)
  await drain.waitMs(10)
  assert.equal(looks.length, 3)
})
