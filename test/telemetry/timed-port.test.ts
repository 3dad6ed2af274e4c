import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LongshoreError } from '../../src/base/errors.ts'
import { type PortCall, timedPort } from '../../src/telemetry/timed-port.ts'

/** A port whose state is private, as that of the real adapters. */
class Counter {
  #count = 0
  readonly kind = 'counter'

  async add(by: number): Promise<number> {
    if (by < 0) throw new LongshoreError('PARTS_MISMATCH', 'Less than nothing.')
    if (by === 0) throw new Error('nothing')
    this.#count += by
    return this.#count
  }

  get count(): number {
    return this.#count
  }

  double(): number {
    return this.#count * 2
  }
}

function watched() {
  const calls: PortCall[] = []
  return { calls, port: timedPort(new Counter(), ['add'], (call) => calls.push(call)) }
}

test('a timed port answers and throws what the port does', async () => {
  const { port } = watched()
  assert.equal(await port.add(2), 2)
  assert.equal(await port.add(3), 5)
  await assert.rejects(port.add(-1), { code: 'PARTS_MISMATCH' })
  assert.equal(port.count, 5)
  assert.equal(port.double(), 10)
  assert.equal(port.kind, 'counter')
})

test('every call of a timed verb is told once, with its answer or the code of its failure', async () => {
  const { port, calls } = watched()
  await port.add(2)
  await port.add(-1).catch(() => {})
  await port.add(0).catch(() => {})
  port.double()
  assert.deepEqual(
    calls.map(({ verb, code, answer }) => ({ verb, code, answer })),
    [
      { verb: 'add', code: undefined, answer: 2 },
      { verb: 'add', code: 'PARTS_MISMATCH', answer: undefined },
      { verb: 'add', code: 'OTHER', answer: undefined },
    ],
  )
  assert.ok(calls.every(({ durationMs }) => durationMs >= 0))
})

test('a verb that throws before it answers is told as one that failed, and rejects', async () => {
  const calls: PortCall[] = []
  const hasty = {
    ask(): Promise<number> {
      throw new LongshoreError('PARTS_MISMATCH', 'At once.')
    },
  }
  const port = timedPort(hasty, ['ask'], (call) => calls.push(call))
  await assert.rejects(port.ask(), { code: 'PARTS_MISMATCH' })
  assert.deepEqual(
    calls.map(({ verb, code }) => ({ verb, code })),
    [{ verb: 'ask', code: 'PARTS_MISMATCH' }],
  )
})
