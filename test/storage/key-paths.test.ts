import assert from 'node:assert/strict'
import { join, resolve, sep } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareUtf8 } from '../../src/base/utf8-order.ts'
import { blockedName, keyToComponents, readComponent } from '../../src/storage/key-paths.ts'

/** Segments that come near every rule of the escapes and marks. */
const segment = fc.oneof(
  fc.constantFrom('', '.', '..', '...', '%', '%%', '%_', '%+', '%25', '%2E', 'a%', 'con', ' ', '\n', '\u0085', '~'),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc
    .tuple(fc.integer({ min: 250, max: 256 }), fc.constantFrom('', '.', '..', '%', '\u0085', 'é', '🚢'))
    .map(([length, end]) => 'x'.repeat(length) + end),
  fc.constantFrom('%', '.', '\u0085', '🚢').map((text) => text.repeat(250)),
)
const key = fc
  .array(segment, { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join('/'))
  .filter((text) => text.isWellFormed() && Buffer.byteLength(text) <= 1024)

/** The key that a path stands for, as a listing puts it together. */
function readBack(components: readonly string[]): string | undefined {
  let text = ''
  for (const [i, component] of components.entries()) {
    const meaning = readComponent(component)
    if (!meaning) return undefined
    text += meaning.text + (meaning.continues || i === components.length - 1 ? '' : '/')
  }
  return text
}

test('every key has a path, and the path has the key', () => {
  fc.assert(
    fc.property(key, (text) => assert.equal(readBack(keyToComponents(text)), text)),
    { numRuns: 2000 },
  )
})

test('two keys never share a path, nor does one take the blocked name of the other', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      fc.pre(a !== b)
      const [first, second] = [keyToComponents(a).join('/'), keyToComponents(b).join('/')]
      assert.notEqual(first, second)
      assert.notEqual(blockedName(first), second)
    }),
    { numRuns: 2000 },
  )
})

test('no path leaves its folder, and no name is longer than a file system takes', () => {
  const root = resolve('/data/bucket')
  fc.assert(
    fc.property(key, (text) => {
      const components = keyToComponents(text)
      const path = join(root, ...components)
      assert.ok(path.startsWith(root + sep))
      assert.equal(path.slice(root.length + 1), components.join(sep))
      for (const name of components) assert.ok(Buffer.byteLength(blockedName(name)) <= 255 || name.endsWith('%+'))
      for (const name of components) assert.ok(Buffer.byteLength(name) <= 255)
    }),
    { numRuns: 2000 },
  )
})

test('an ordinary key is its own path', () => {
  for (const text of ['a', 'datasets/42/D2024.roi', 'größe/海洋/two words+(1).txt', '.hidden/..x']) {
    assert.equal(keyToComponents(text).join('/'), text)
  }
})

test('what a file system cannot hold is escaped, and nothing else', () => {
  const cases: Record<string, string> = {
    'a/../b': 'a/%2E%2E/b',
    './x': '%2E/x',
    'a//b/': 'a/%_/b/%_',
    '100%': '100%25',
    'a\nb': 'a%0Ab',
  }
  for (const [text, path] of Object.entries(cases)) assert.equal(keyToComponents(text).join('/'), path)
})

test('the longest path of a key leaves room for the folder it lies in', () => {
  for (const text of ['/'.repeat(1024), '../'.repeat(341), '%'.repeat(1024), '\u0001'.repeat(1024)]) {
    assert.ok(keyToComponents(text).join('/').length <= 3200)
  }
})

test('a name that no key has is not read', () => {
  for (const name of ['100% sure', '%zz', 'a%F']) assert.equal(readComponent(name), undefined)
})

test('keys are ordered as their bytes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u007f', 'é', '\ud7ff', '\ue000', '\uffee', '🚢', '𐀀') })
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
})
