import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineReader } from '../../src/processor/line-reader.ts'

function linesOf(chunks: readonly Uint8Array[], maxLength = 1_000_000): { line: string; isCut: boolean }[] {
  const lines: { line: string; isCut: boolean }[] = []
  const reader = new LineReader(maxLength, (line, isCut) => lines.push({ line, isCut }))
  for (const chunk of chunks) reader.push(chunk)
  reader.end()
  return lines
}

test('however bytes are cut into chunks, within characters too, the lines are the same', () => {
  const text = fc.array(fc.string({ unit: 'grapheme' })).map((lines) => lines.join('\n'))
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (whole, size) => {
      const bytes = Buffer.from(whole)
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      const expected = whole.toWellFormed().replace(/\n$/, '').split('\n')
      const lines = linesOf(chunks).map(({ line }) => line)
      assert.deepEqual(lines, whole === '' ? [] : expected.map((line) => line.replace(/\r$/, '')))
    }),
  )
})

test('of a line without end the beginning is kept, and it is said that it is not all', () => {
  const zeros = Array.from({ length: 1_000 }, () => Buffer.alloc(1_000, '0'))
  const [first, second] = linesOf([...zeros, Buffer.from('\nnext\n')], 10)
  assert.deepEqual(
    [first, second],
    [
      { line: '0000000000', isCut: true },
      { line: 'next', isCut: false },
    ],
  )
})
