import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { safeJson, safeLines, safeText } from '../../../src/cli/render/safe-text.ts'

test('what a terminal would obey is spelt out, line ends become spaces', () => {
  assert.equal(safeText('red \u001b[31m, title \u001b]0;x\u0007'), 'red \\u{1b}[31m, title \\u{1b}]0;x\\u{7}')
  assert.equal(
    safeText('8-bit \u009b31m, right to left \u202egnp.exe'),
    '8-bit \\u{9b}31m, right to left \\u{202e}gnp.exe',
  )
  assert.equal(safeText('two\r\nlines\tand 日本'), 'two lines and 日本')
  assert.equal(safeLines('two\nlines\u0008'), 'two\nlines\\u{8}')
})

test('whatever the text, nothing is left that a terminal obeys', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(safeText(text), /[\p{Cc}\p{Cs}]/u)
      assert.doesNotMatch(safeJson(text), /[\p{Cc}\p{Cs}]/u)
    }),
  )
})

test('JSON made safe is the same JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      assert.deepEqual(JSON.parse(safeJson(value, 2)), JSON.parse(JSON.stringify(value)))
    }),
  )
})
