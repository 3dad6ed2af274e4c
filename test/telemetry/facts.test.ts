import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fact, Facts } from '../../src/telemetry/facts.ts'

const FACT: Fact = { type: 'attempt.ended', verdict: 'completed' }

test('every listener hears every fact, in order', () => {
  const facts = new Facts((thrown) => assert.ifError(thrown))
  const heard: string[] = []
  assert.equal(facts.isHeard, false)
  facts.listen(({ type }) => heard.push(`first ${type}`))
  facts.listen(({ type }) => heard.push(`second ${type}`))
  facts.tell(FACT)
  assert.equal(facts.isHeard, true)
  assert.deepEqual(heard, ['first attempt.ended', 'second attempt.ended'])
})

test('a listener that throws disturbs neither who tells nor who else listens', () => {
  const errors: unknown[] = []
  const facts = new Facts((thrown) => errors.push(thrown))
  const heard: Fact[] = []
  const fault = new Error('deaf')
  facts.listen(() => {
    throw fault
  })
  facts.listen((fact) => heard.push(fact))
  facts.tell(FACT)
  assert.deepEqual(heard, [FACT])
  assert.deepEqual(errors, [fault])
})
