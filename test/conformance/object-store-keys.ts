import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readAll } from '../support/bytes.ts'
import { at, type StoreRule, type StoreUnderTest } from './object-store.ts'

/** Keys that trip up file systems, URLs or XML, each tried alone. */
const KEYS: Readonly<Record<string, string>> = {
  'with spaces and plus signs': 'a folder/two  words + one.txt',
  'in Unicode': 'größe/海洋/🚢.dat',
  'of characters that mean something elsewhere': `&<>"'?#;=@[]{}|\\^*:!~$,()`,
  'with percent signs': 'a%2Fb/100%/%2e%2e/%25/%',
  'with the segment ..': 'up/../../etc/passwd',
  'that is only ..': '..',
  'with the segment .': './here/./there/.',
  'with empty segments': 'a//b///c',
  'that begins with a slash': '/rooted',
  'that ends with a slash': 'folder/',
  'with control characters': 'tab\tline\nbell\u0007del\u007f',
  'with hidden names': '.hidden/.tmp/.uploads',
  'of 255 bytes in one segment': 'n'.repeat(255),
  'of 1,024 bytes in one segment': 'x'.repeat(1024),
  'of 1,024 bytes in characters of several': '海'.repeat(341),
  'of 1,024 bytes in short segments': 'ab/'.repeat(341).concat('c'),
}

/** What holds of keys and listings. */
export const keyRules: readonly StoreRule[] = [
  ...Object.entries(KEYS).map(([words, key]) => ({
    title: `a key ${words} is kept as it is`,
    check: (subject: StoreUnderTest) => keepsKey(subject, key),
  })),
  ...Object.entries(KEYS).map(([words, key]) => ({
    title: `the signed URL of a key ${words} leads to it`,
    check: (subject: StoreUnderTest) => servesKey(subject, key),
  })),
  { title: 'one key may be the beginning of another', check: nestedKeys },
  { title: 'more than 1,000 objects are listed in the order of their bytes', check: longListing },
  { title: 'a listing holds what begins with the prefix, within a name too', check: prefixes },
  { title: 'any set of ordinary keys is put, listed, read and deleted', check: ordinaryKeys },
  { title: 'any set of keys is put, listed, read and deleted', check: anyKeys },
]

async function keepsKey(subject: StoreUnderTest, key: string): Promise<void> {
  const { store } = subject
  const ref = at(subject, key)
  await store.put(ref, Buffer.from(key))
  assert.equal(String(await readAll((await store.get(ref)).body)), key)
  assert.equal((await store.head(ref))?.sizeBytes, Buffer.byteLength(key))
  assert.deepEqual(await listed(subject, ''), [key])
  await store.delete([ref])
  assert.deepEqual(await listed(subject, ''), [])
}

async function servesKey(subject: StoreUnderTest, key: string): Promise<void> {
  await subject.store.put(at(subject, key), Buffer.from(key))
  const url = subject.absolute(await subject.store.signGet(at(subject, key), Date.now() + 60_000))
  const response = await fetch(url)
  assert.equal(response.status, 200, url)
  assert.equal(await response.text(), key)
}

async function nestedKeys(subject: StoreUnderTest): Promise<void> {
  const keys = ['a/b/c', 'a/b', 'a', 'a/b/c/d']
  for (const key of keys) await subject.store.put(at(subject, key), Buffer.from(key))
  assert.deepEqual(await listed(subject, ''), keys.toSorted())
  await subject.store.put(at(subject, 'a/b'), Buffer.from('again'))
  assert.equal(String(await readAll((await subject.store.get(at(subject, 'a/b'))).body)), 'again')
  await subject.store.delete([at(subject, 'a/b'), at(subject, 'a/b/c/d')])
  assert.deepEqual(await listed(subject, ''), ['a', 'a/b/c'])
}

async function longListing(subject: StoreUnderTest): Promise<void> {
  const numbered = Array.from({ length: 1050 }, (_, i) => `many/${i}`)
  const keys = [...numbered, 'many-more', 'many.', 'many0', 'Many', 'ünder', '\uffee', '🚢', 'zz/']
  const waiting = keys.filter((key) => !key.endsWith('/'))
  await inGroups(waiting, (key) => subject.store.put(at(subject, key), Buffer.from('x')))
  assert.deepEqual(await listed(subject, ''), waiting.toSorted(byBytes))
  await subject.store.delete(waiting.map((key) => at(subject, key)))
  assert.deepEqual(await listed(subject, ''), [])
}

async function prefixes(subject: StoreUnderTest): Promise<void> {
  const keys = ['a/1', 'a/b/2', 'a/bc/3', 'a/bc4', 'ab', 'b/a/1']
  for (const key of keys) await subject.store.put(at(subject, key), Buffer.from('x'))
  for (const prefix of ['', 'a', 'a/', 'a/b', 'a/bc', 'a/bc/3', 'c', 'a/b/2/', '/', 'a//']) {
    const expected = keys.filter((key) => key.startsWith(prefix)).toSorted(byBytes)
    assert.deepEqual(await listed(subject, prefix), expected, `prefix ${prefix}`)
  }
}

/** What every S3 server can keep: names of letters, signs and spaces, no object where another has its folder. */
async function ordinaryKeys(subject: StoreUnderTest): Promise<void> {
  const segment = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => /^[^/.\p{Cc}\p{Cn}][^/\p{Cc}\p{Cn}]*$/u.test(text))
  const key = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => `${segments.join('/')}.file`)
  await keepsSets(subject, key)
}

async function anyKeys(subject: StoreUnderTest): Promise<void> {
  const segment = fc.oneof(
    fc.constantFrom('.', '..', '', '%', '%_', '%+', '~', 'a', 'b', 'x'.repeat(253), 'x'.repeat(254)),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )
  const key = fc
    .array(segment, { minLength: 1, maxLength: 6 })
    .map((segments) => segments.join('/'))
    .filter((text) => text !== '' && !text.includes('\0') && text.isWellFormed() && Buffer.byteLength(text) <= 1024)
  await keepsSets(subject, key)
}

async function keepsSets(subject: StoreUnderTest, key: fc.Arbitrary<string>): Promise<void> {
  const keys = fc.uniqueArray(key, { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(keys, (set) => keepsKeys(subject, set)),
    { numRuns: 60 },
  )
}

async function keepsKeys(subject: StoreUnderTest, keys: string[]): Promise<void> {
  await Promise.all(keys.map((key) => subject.store.put(at(subject, key), Buffer.from(key))))
  assert.deepEqual(await listed(subject, ''), keys.toSorted(byBytes))
  for (const key of keys) {
    assert.equal(String(await readAll((await subject.store.get(at(subject, key))).body)), key)
  }
  await subject.store.delete(keys.map((key) => at(subject, key)))
  assert.deepEqual(await listed(subject, ''), [])
}

async function listed(subject: StoreUnderTest, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of subject.store.list(subject.bucket, prefix)) keys.push(key)
  return keys
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

async function inGroups(keys: readonly string[], action: (key: string) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < keys.length; i += 50) await Promise.all(keys.slice(i, i + 50).map(action))
}
