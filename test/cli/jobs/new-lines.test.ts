import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogLine } from '@longshore/client'
import fc from 'fast-check'
import { newLines } from '../../../src/cli/jobs/new-lines.ts'

function line(message: string): LogLine {
  return { attempt: 1, at: '2026-01-02T03:04:05.000Z', level: 'info', message }
}

test('however a log grows and however many of its lines are asked for, every line is told once and in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 10 }), fc.integer({ min: 1, max: 20 }), (growths, kept) => {
      const log: LogLine[] = []
      let told: LogLine[] = []
      for (const growth of growths) {
        for (let i = 0; i < growth; i++) log.push(line(String(log.length)))
        told = [...told, ...(newLines(told.slice(-kept), log.slice(-Math.max(kept, growth + 1))) ?? [])]
      }
      assert.deepEqual(told, log.slice(log.length - told.length))
      if (growths[0] !== undefined && growths[0] <= kept) assert.equal(told.length, log.length)
    }),
  )
})

test('lines that are all alike are counted', () => {
  assert.equal(newLines([line('a'), line('a')], [line('a'), line('a'), line('a')])?.length, 1)
})

test('lines that do not meet what is known are said to have a gap before them', () => {
  assert.equal(newLines([line('1')], [line('3'), line('4')]), undefined)
})
