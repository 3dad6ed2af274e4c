import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import { SnoozeError, UnrecoverableError } from '../../src/processor/verdicts.ts'
import { outcomeOf } from '../../src/worker/outcome.ts'

const running = new AbortController().signal
const aborted = (code: 'CANCELLED' | 'TIMEOUT' | 'INTERRUPTED' | 'LEASE_LOST'): AbortSignal =>
  AbortSignal.abort(new LongshoreError(code, code))

test('an ordinary error is a failure that may be tried again', () => {
  const outcome = outcomeOf(new TypeError('x is undefined'), running)
  assert.deepEqual(outcome, { type: 'failed', code: 'PROCESSOR_FAILED', message: 'x is undefined', retryable: true })
})

test('an UnrecoverableError is a failure for good', () => {
  const outcome = outcomeOf(new UnrecoverableError('no such cell'), running)
  assert.deepEqual(outcome, { type: 'failed', code: 'UNRECOVERABLE', message: 'no such cell', retryable: false })
})

test('a SnoozeError is no failure', () => {
  assert.deepEqual(outcomeOf(new SnoozeError(5000), running), { type: 'snoozed', delayMs: 5000 })
})

test('a snooze needs a delay that is one', () => {
  assert.throws(() => new SnoozeError(-1), RangeError)
  assert.throws(() => new SnoozeError(Number.NaN), RangeError)
})

test('a full disk keeps its name', () => {
  const full = Object.assign(new Error('write failed'), { code: 'ENOSPC' })
  const outcome = outcomeOf(full, running)
  assert.equal(outcome?.type === 'failed' && outcome.code, 'STORAGE_FULL')
})

test('whatever is thrown after the abort, the reason of the abort is the verdict', () => {
  assert.deepEqual(outcomeOf(new Error('EPIPE'), aborted('CANCELLED')), { type: 'cancelled' })
  assert.deepEqual(outcomeOf(new UnrecoverableError('x'), aborted('INTERRUPTED')), { type: 'interrupted' })
  const timeout = outcomeOf(new Error('EPIPE'), aborted('TIMEOUT'))
  assert.deepEqual(timeout, { type: 'failed', code: 'TIMEOUT', message: 'TIMEOUT', retryable: true })
})

test('an attempt that lost its lease has nothing to say', () => {
  assert.equal(outcomeOf(new Error('late'), aborted('LEASE_LOST')), undefined)
})

test('what is thrown need not be an error', () => {
  const outcome = outcomeOf('just text', running)
  assert.equal(outcome?.type === 'failed' && outcome.message, 'just text')
})

test('whatever is thrown, there is a verdict', () => {
  const noText = Object.defineProperty(new Error('x'), 'message', { get: () => assert.fail('not to be read') })
  const noCode = Object.defineProperty(new Error('x'), 'code', { get: () => assert.fail('not to be read') })
  for (const thrown of [undefined, null, Symbol('s'), Object.create(null), noText, noCode, 10n]) {
    const outcome = outcomeOf(thrown, running)
    assert.ok(outcome?.type === 'failed' && outcome.message.length > 0)
  }
  const strange = outcomeOf(Object.assign(new Error(), { message: { a: 1 } }), running)
  assert.equal(strange?.type === 'failed' && typeof strange.message, 'string')
})

test('a message that is a dump is cut', () => {
  const outcome = outcomeOf(new Error('x'.repeat(1_000_000)), running)
  assert.ok(outcome?.type === 'failed' && outcome.message.length < 10_000)
  assert.match(outcome.message, /more characters/)
})

test('a processor cannot cancel its job, interrupt it or lose its lease by throwing the word', () => {
  for (const code of ['CANCELLED', 'INTERRUPTED', 'LEASE_LOST'] as const) {
    const outcome = outcomeOf(new LongshoreError(code, 'mine'), running)
    assert.deepEqual(outcome, { type: 'failed', code: 'PROCESSOR_FAILED', message: 'mine', retryable: true })
  }
})
