import assert from 'node:assert/strict'
import { test } from 'node:test'
import { every, sleep, systemClock } from '../../src/base/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('a sleep ends when its time has come, not before', async () => {
  const clock = new ManualClock()
  let awake = false
  const slept = sleep(clock, 100).then(() => {
    awake = true
  })
  clock.advance(99)
  await Promise.resolve()
  assert.equal(awake, false)
  clock.advance(1)
  await slept
  assert.equal(awake, true)
})

test('an aborted sleep rejects with the reason and leaves no timer', async () => {
  const clock = new ManualClock()
  const abort = new AbortController()
  const slept = sleep(clock, 100, abort.signal)
  abort.abort(new Error('enough'))
  await assert.rejects(slept, /enough/)
  assert.equal(clock.pending, 0)
})

test('a sleep with a signal that has aborted sets no timer', async () => {
  const clock = new ManualClock()
  await assert.rejects(sleep(clock, 100, AbortSignal.abort(new Error('early'))), /early/)
  assert.equal(clock.pending, 0)
})

test('a periodic action never overlaps itself, survives a failure and stops when cancelled', async () => {
  const clock = new ManualClock()
  const failures: unknown[] = []
  let runs = 0
  const rearmed = async (): Promise<void> => {
    while (clock.pending === 0) await new Promise(setImmediate)
  }
  const timer = every(
    clock,
    10,
    async () => {
      runs += 1
      if (runs === 1) throw new Error('first')
    },
    (failure) => failures.push(failure),
  )
  clock.advance(10)
  assert.equal(clock.pending, 0, 'the next run waits for this one to end')
  await rearmed()
  clock.advance(10)
  await rearmed()
  timer.cancel()
  clock.advance(1000)
  assert.equal(runs, 2)
  assert.equal(failures.length, 1)
})

test('the system clock holds a delay longer than one Node timer can', (t) => {
  const longestMs = 2 ** 31 - 1
  let now = 0
  const set: { action: () => void; delayMs: number }[] = []
  t.mock.method(Date, 'now', () => now)
  t.mock.method(globalThis, 'setTimeout', (action: () => void, delayMs: number) => {
    set.push({ action, delayMs })
    return { unref: () => {} }
  })
  let fired = false
  systemClock.setTimer(longestMs + 1000, () => {
    fired = true
  })
  assert.equal(set[0]?.delayMs, longestMs)
  now = longestMs
  set[0]?.action()
  assert.equal(fired, false)
  assert.equal(set[1]?.delayMs, 1000)
  set[1]?.action()
  assert.equal(fired, true)
})
