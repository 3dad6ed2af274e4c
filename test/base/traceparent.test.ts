import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatTraceparent, parseTraceparent, traceIdOf } from '../../src/base/traceparent.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

function hex(length: number) {
  return fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
    .filter((text) => /[^0]/.test(text))
}

test('what is written can be read again', () => {
  fc.assert(
    fc.property(hex(32), hex(16), fc.constantFrom(0, 1), (traceId, spanId, traceFlags) => {
      const identity = { traceId, spanId, traceFlags }
      assert.deepEqual(parseTraceparent(formatTraceparent(identity)), identity)
    }),
  )
})

test('a later version is read as far as it is known', () => {
  assert.deepEqual(parseTraceparent(`01-${TRACE}-${SPAN}-03-more`), { traceId: TRACE, spanId: SPAN, traceFlags: 1 })
})

for (const [what, text] of [
  ['nothing', undefined],
  ['several headers', [`00-${TRACE}-${SPAN}-01`]],
  ['an empty text', ''],
  ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['a line break', `00-${TRACE}-${SPAN}-01\n`],
  ['too little', `00-${TRACE}-${SPAN}`],
] as const) {
  test(`${what} is no traceparent`, () => assert.equal(parseTraceparent(text), undefined))
}

test('the trace id is that of the traceparent, if there is one', () => {
  assert.equal(traceIdOf(`00-${TRACE}-${SPAN}-00`), TRACE)
  assert.equal(traceIdOf(null), undefined)
})
