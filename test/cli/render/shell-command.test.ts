import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { shellCommand } from '../../../src/cli/render/shell-command.ts'

test('a shell reads a command line as the words it was made of', () => {
  assert.equal(
    shellCommand(['longshore', 'submit', 'a b', "it's", '$HOME']),
    `longshore submit 'a b' 'it'\\''s' '$HOME'`,
  )
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.constantFrom('a\nb', "'\t\\", '', '*', '\u001b[0m'))), (words) => {
      const script = `printf '%s\\0' ${shellCommand(words)}`
      const seen = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
      assert.deepEqual(seen, words.length === 0 ? [''] : words)
    }),
    { numRuns: 50 },
  )
})
