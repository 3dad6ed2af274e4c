import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LongshoreError } from '../../src/base/errors.ts'
import { loadGuard } from '../../src/http/load-guard.ts'

/** An event loop in the test's hand. */
function loop() {
  let now = 0
  let atEnd: (() => void)[] = []
  const time = {
    now: () => now,
    afterThisTurn: (call: () => void): void => {
      atEnd.push(call)
    },
  }
  const guard = loadGuard(1_000, time, () => 0.5)
  const ask = (): LongshoreError | undefined => {
    let answer: Error | undefined
    guard.call({} as never, {} as never, {} as never, (error) => {
      answer = error
    })
    return answer as LongshoreError | undefined
  }
  const turn = (requests: number, tookMs: number): (LongshoreError | undefined)[] => {
    const answers = Array.from({ length: requests }, ask)
    now += tookMs
    for (const call of atEnd.splice(0)) call()
    return answers
  }
  return { turn, idle: (ms: number) => (now += ms), pending: () => atEnd.length, reset: () => (atEnd = []) }
}

test('a flood that holds up the loop is refused, with the time after which it is worth to come back', () => {
  const { turn, idle } = loop()
  assert.deepEqual(new Set(turn(500, 2_000)), new Set([undefined]))
  const [refused] = turn(1, 1)
  assert.equal(refused?.code, 'OVERLOADED')
  assert.equal(refused?.retryAfterMs, 2_000 + 2_000 * 1.5)
  idle(2_000)
  assert.deepEqual(turn(1, 1), [undefined])
})

test('few requests that a busy processor held up are not refused, nor is a flood that is begun in time', () => {
  const { turn } = loop()
  turn(99, 30_000)
  assert.deepEqual(turn(1, 1), [undefined])
  turn(10_000, 999)
  assert.deepEqual(turn(1, 1), [undefined])
})

test('nothing is measured while no request comes', () => {
  const { turn, pending } = loop()
  assert.equal(pending(), 0)
  turn(3, 1)
  assert.equal(pending(), 0)
})
