import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, formatKeyEntry, parseKeyEntry } from '../../src/access/api-key.ts'
import { EntryFault, splitEntries } from '../../src/access/entry.ts'

const KEY = 'a-key-of-enough-characters'

test('an entry tells what its key may do, for whom and until when', () => {
  const scopes = ['read', 'submit'] as const
  const entry = formatKeyEntry(KEY, { scopes, tenant: 'acme', name: 'ci@acme', expires: '2027-01-31' })
  const attributes = ';scopes=read+submit;tenant=acme;name=ci@acme;expires=2027-01-31'
  assert.equal(entry, `sha256:${digestOf(KEY).toString('hex')}${attributes}`)
  assert.deepEqual(parseKeyEntry(entry), {
    name: 'ci@acme',
    tenant: 'acme',
    scopes: ['submit', 'read'],
    digest: digestOf(KEY),
    expiresAt: Date.parse('2027-01-31T00:00:00Z'),
  })
})

test('a plain key and a bare hash may do everything, for ever', () => {
  const all = { tenant: null, scopes: ['submit', 'read', 'operate'], digest: digestOf(KEY), expiresAt: null }
  for (const entry of [KEY, formatKeyEntry(KEY)]) {
    assert.partialDeepStrictEqual(parseKeyEntry(entry), all)
    assert.match(parseKeyEntry(entry).name, /^key-[0-9a-f]{6}$/)
  }
})

test('a wrong entry is refused with what was expected, and never quoted', () => {
  const hashed = formatKeyEntry(KEY)
  for (const entry of [
    'short',
    'sha256:1234',
    `${KEY};tenant=acme`,
    hashed.toUpperCase().replace('SHA256', 'sha256'),
    `${hashed};scopes=everything`,
    `${hashed};scopes=`,
    `${hashed};tenant=`,
    `${hashed};tenant=../acme`,
    `${hashed};tenant=acme;tenant=zeta`,
    `${hashed};__proto__=x`,
    `${hashed};name=a\tb`,
    `${hashed};name= b`,
    `${hashed};expires=soon`,
    `${hashed};expires=2027-13-31`,
    `${hashed};`,
  ]) {
    const refused = (thrown: unknown): boolean => {
      assert.ok(thrown instanceof EntryFault)
      assert.match(thrown.message, /expected|twice/)
      return !thrown.message.includes(entry)
    }
    assert.throws(() => parseKeyEntry(entry), refused, entry)
  }
})

test('entries stand between commas or on lines, with comments', () => {
  assert.deepEqual(splitEntries('# keys\na, b\r\n\n  # c\n d \n'), ['a', 'b', 'd'])
})
