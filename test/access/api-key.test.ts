import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, formatKeyEntry, KeyEntryFault, parseKeyEntry } from '../../src/access/api-key.ts'
import { KeyRing } from '../../src/access/key-ring.ts'

const KEY = 'a-key-of-enough-characters'

test('an entry tells what its key may do, for whom and until when', () => {
  const scopes = ['read', 'submit'] as const
  const entry = formatKeyEntry(KEY, { scopes, tenant: 'acme', name: 'ci@acme', expires: '2027-01-31' })
  assert.equal(
    entry,
    `sha256:${digestOf(KEY).toString('hex')};scopes=read+submit;tenant=acme;name=ci@acme;expires=2027-01-31`,
  )
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
    hashed.toUpperCase().replace('SHA256', 'sha256'),
    `${hashed};scopes=everything`,
    `${hashed};scopes=`,
    `${hashed};tenant=`,
    `${hashed};tenant=../acme`,
    `${hashed};tenant=acme;tenant=zeta`,
    `${hashed};__proto__=x`,
    `${hashed};name=a b`,
    `${hashed};expires=soon`,
    `${hashed};expires=2027-13-31`,
    `${hashed};`,
  ]) {
    const refused = (thrown: unknown): boolean => {
      assert.ok(thrown instanceof KeyEntryFault)
      assert.match(thrown.message, /expected|twice/)
      return !thrown.message.includes(entry)
    }
    assert.throws(() => parseKeyEntry(entry), refused, entry)
  }
})

test('a ring finds a key by itself alone', () => {
  const ring = new KeyRing([parseKeyEntry(KEY), parseKeyEntry(formatKeyEntry(`${KEY}2`, { name: 'second' }))])
  assert.equal(ring.find(`${KEY}2`)?.name, 'second')
  for (const wrong of ['', `${KEY}3`, KEY.toUpperCase(), formatKeyEntry(KEY), digestOf(KEY).toString('hex')]) {
    assert.equal(ring.find(wrong), undefined)
  }
})
