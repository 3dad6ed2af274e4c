import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../src/engine/pace.ts'

function paceOf(...tookMs: readonly number[]): Pace {
  const pace = new Pace()
  for (const each of tookMs) pace.note(each)
  return pace
}

test('nobody knows of few attempts whether they are short', () => {
  assert.equal(paceOf(...Array(31).fill(0)).isQuick, false)
  assert.equal(paceOf(...Array(32).fill(0)).isQuick, true)
})

test('attempts are short that take 20 ms on average', () => {
  assert.equal(paceOf(...Array(16).fill(0), ...Array(16).fill(40)).isQuick, true)
  assert.equal(paceOf(...Array(16).fill(0), ...Array(16).fill(41)).isQuick, false)
})

test('one long attempt counts until 32 others have ended', () => {
  const pace = paceOf(...Array(40).fill(1), 60_000, ...Array(31).fill(1))
  assert.equal(pace.isQuick, false)
  pace.note(1)
  assert.equal(pace.isQuick, true)
})

test('what is forgotten counts no more', () => {
  const pace = paceOf(...Array(32).fill(1))
  pace.forget()
  assert.equal(pace.isQuick, false)
  for (let n = 0; n < 32; n++) pace.note(1)
  assert.equal(pace.isQuick, true)
})
