import assert from 'node:assert/strict'
import { matchesGlob } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { matcherOf } from '../../../client/src/node/globs.ts'

describe('a pattern', () => {
  const cases: [string, string[], string[]][] = [
    ['**', ['a', 'a/b', 'a/b.c/d.e'], ['.a', 'a/.b', '.a/b']],
    ['*', ['a', 'a.b'], ['a/b', '.a']],
    ['*.roi', ['a.roi', 'a.b.roi'], ['a.ROI', 'b/a.roi', 'aroi', '.roi']],
    ['**/*.roi', ['a.roi', 'b/a.roi', 'c/b/a.roi'], ['.b/a.roi', 'a.roi/b']],
    ['2024/**', ['2024/a', '2024/a/b'], ['2024', '2025/a', 'x/2024/a']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'a/xb', 'a/.x/b']],
    ['D?.{adc,hdr}', ['D1.adc', 'D2.hdr'], ['D1.roi', 'D.adc', 'D10.adc', 'D/.adc']],
    ['{a,b}/{c,d}', ['a/c', 'b/d'], ['a/b', 'a', '{a,b}/{c,d}']],
    ['.hidden/*', ['.hidden/a'], ['hidden/a', '.hidden/.a']],
    ['a(1)+[x]^$.txt', ['a(1)+[x]^$.txt'], ['a1x.txt', 'a(1)+x^$.txt']],
  ]
  for (const [pattern, matching, other] of cases) {
    test(`${pattern} means what it says`, () => {
      const matches = matcherOf([pattern])
      for (const path of matching) assert.ok(matches(path), `${pattern} should match ${path}`)
      for (const path of other) assert.ok(!matches(path), `${pattern} should not match ${path}`)
    })
  }

  test('matches what the one of Node itself does', () => {
    const signs = fc.constantFrom('a', 'b', '.', '-', '(', '+')
    const name = fc.string({ unit: signs, minLength: 1, maxLength: 4 }).filter((each) => !/^\.+$/.test(each))
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
    const word = fc.string({
      unit: fc.constantFrom('a', 'b', '.', '*', '?', '-', '{a,b}', '{a,.b}'),
      minLength: 1,
      maxLength: 4,
    })
    const segment = fc
      .oneof(fc.constant('**'), word)
      .filter((each) => each === '**' || !/^\.+$|\*\*|^\{a,\.b\}/.test(each))
    const pattern = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))
    fc.assert(
      fc.property(pattern, path, (glob, name) => {
        assert.equal(matcherOf([glob])(name), matchesGlob(name, glob), `${glob} on ${name}`)
      }),
      { numRuns: 5000 },
    )
  })

  test('is one of several, and none matches nothing', () => {
    assert.ok(matcherOf(['*.a', '*.b'])('x.b'))
    assert.ok(!matcherOf([])('x'))
  })
})
