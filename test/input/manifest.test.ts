import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LongshoreError } from '../../src/base/errors.ts'
import { type ManifestOptions, readManifest } from '../../src/input/manifest.ts'
import { checkManifestEntries } from '../../src/input/manifest-entries.ts'
import type { ManifestEntry } from '../../src/job/job.ts'
import { BreakingStore } from '../support/breaking-store.ts'
import { MemoryStore } from '../support/memory-store.ts'

const SHA256 = 'AB'.repeat(32)
const LIMITS = { readableBuckets: ['data', 'more'], maxFiles: 1000 }

async function read(content: string | Uint8Array, options: Partial<ManifestOptions> = {}, uri = 's3://data/list') {
  const store = new MemoryStore()
  store.objects.set('s3://data/list', Buffer.from(content))
  const { signal } = new AbortController()
  return readManifest({ uri }, { ...LIMITS, store, maxBytes: 1_000_000, signal, ...options })
}

/** Fails unless `work` throws a fault of this code that is not retryable and whose text matches. */
async function rejectsWith(work: Promise<unknown>, code: string, text: RegExp): Promise<void> {
  await assert.rejects(work, (thrown: unknown) => {
    assert.ok(thrown instanceof LongshoreError, String(thrown))
    assert.equal(thrown.code, code, thrown.message)
    assert.match(thrown.message, text)
    assert.equal(thrown.retryable, false)
    return true
  })
}

const entry = fc
  .record({
    key: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((key) => !key.includes('\0')),
    sha256: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/), { nil: undefined }),
  })
  .map(({ key, sha256 }): ManifestEntry => ({ uri: `s3://data/${key}`, ...(sha256 && { sha256 }) }))

const layout = fc.record({
  newline: fc.constantFrom('\n', '\r\n', '\n\n', '\r\n \t\r\n'),
  bom: fc.constantFrom('', '\ufeff'),
  end: fc.constantFrom('', '\n', '\r\n\r\n'),
})

test('JSON and JSON Lines of the same entries read the same, whatever the layout', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { minLength: 1, maxLength: 30 }),
      layout,
      fc.constantFrom(0, 2),
      async (entries, { newline, bom, end }, indent) => {
        const form = ({ uri, sha256 }: ManifestEntry) => (sha256 ? { uri, sha256 } : uri)
        const json = bom + JSON.stringify({ files: entries.map(form) }, null, indent) + end
        const lines = bom + entries.map((each) => JSON.stringify(form(each))).join(newline) + end
        assert.deepEqual(await read(json), entries)
        assert.deepEqual(await read(lines), entries)
      },
    ),
    { numRuns: 100 },
  )
})

test('whatever the bytes, a manifest is read or refused with a fault that is not retryable', async () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\n',
    '\ufeff',
    '{"files":',
    '"uri"',
    's3://data/a',
    'sha256',
    '\\',
    ' ',
    '1',
    'null',
  )
  const text = fc.array(pieces, { maxLength: 20 }).map((parts) => Buffer.from(parts.join('')))
  await fc.assert(
    fc.asyncProperty(fc.oneof(text, fc.uint8Array({ maxLength: 50 })), async (bytes) => {
      const thrown: unknown = await read(bytes).catch((failure: unknown) => failure)
      assert.ok(Array.isArray(thrown) || (thrown instanceof LongshoreError && !thrown.retryable), String(thrown))
    }),
    { numRuns: 500 },
  )
})

test('a line is a bare URI, a quoted one or an object', async () => {
  const text = `\ufeffs3://data/a b.adc\r\n\r\n"s3://data/ü"\n  {"uri": "s3://more/c", "sha256": "${SHA256}"}\n`
  assert.deepEqual(await read(text), [
    { uri: 's3://data/a b.adc' },
    { uri: 's3://data/ü' },
    { uri: 's3://more/c', sha256: SHA256.toLowerCase() },
  ])
})

test('one object on one line is JSON Lines when it names a URI', async () => {
  assert.deepEqual(await read('{"uri":"s3://data/a"}'), [{ uri: 's3://data/a' }])
  assert.deepEqual(await read('{"files":["s3://data/a"]}'), [{ uri: 's3://data/a' }])
})

test('a manifest that is not there is told from a file that is not there', async () => {
  await rejectsWith(read('', {}, 's3://data/other'), 'MANIFEST_NOT_FOUND', /s3:\/\/data\/other/)
})

test('a manifest must itself lie in a readable bucket', async () => {
  await rejectsWith(read('', {}, 's3://secret/list'), 'BUCKET_NOT_ALLOWED', /s3:\/\/secret\/list/)
  await rejectsWith(read('', {}, 'file:///etc/passwd'), 'INVALID_URI', /file:\/\/\/etc\/passwd/)
})

test('faults name the URI and the place', async () => {
  await rejectsWith(
    read('s3://data/a\n\nhttp://data/b\n'),
    'INVALID_URI',
    /s3:\/\/data\/list, line 3: .*http:\/\/data\/b/,
  )
  await rejectsWith(read('s3://data/a\nfile:///etc/passwd'), 'INVALID_URI', /line 2: .*file:\/\/\/etc\/passwd/)
  await rejectsWith(read('s3://secret/a'), 'BUCKET_NOT_ALLOWED', /line 1: .*s3:\/\/secret\/a/)
  await rejectsWith(read('{"files":["s3://data/a",7]}'), 'MANIFEST_INVALID', /\/files\/1: .*got "7"/)
  await rejectsWith(read('s3://data/a\n{"uri":'), 'MANIFEST_INVALID', /line 2: not JSON/)
  await rejectsWith(read(`{"uri":"s3://data/a","sha256":"beef"}`), 'MANIFEST_INVALID', /line 1: .*sha256/)
  await rejectsWith(read(`{"uri":"s3://data/a","md5":"x"}`), 'MANIFEST_INVALID', /line 1/)
})

test('forms that are neither are refused', async () => {
  await rejectsWith(read('["s3://data/a"]'), 'MANIFEST_INVALID', /expected form/)
  await rejectsWith(read('{"file":["s3://data/a"]}'), 'MANIFEST_INVALID', /expected form/)
  await rejectsWith(read('{"files":"s3://data/a"}'), 'MANIFEST_INVALID', /expected form/)
  await rejectsWith(read('{"files":["s3://data/a"'), 'MANIFEST_INVALID', /neither JSON nor JSON Lines/)
  await rejectsWith(read(Buffer.from([0xff, 0xfe, 0x41])), 'MANIFEST_INVALID', /UTF-8/)
})

test('empty, too long and too many are refused before the entries are looked at', async () => {
  for (const text of ['', '\n \r\n', '\ufeff', '{"files":[]}'])
    await rejectsWith(read(text), 'MANIFEST_EMPTY', /s3:\/\/data\/list/)
  await rejectsWith(read('s3://data/a\n'.repeat(1001)), 'TOO_MANY_FILES', /1001 .*1000/)
  await rejectsWith(read(JSON.stringify({ files: Array(1001).fill(7) })), 'TOO_MANY_FILES', /1001/)
  await rejectsWith(read('x'.repeat(101), { maxBytes: 100 }), 'MANIFEST_INVALID', /101 bytes.* 100/)
})

test('JSON nested without end is refused, not followed', async () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  await rejectsWith(read(`{"files":[${deep}]}`), 'MANIFEST_INVALID', /\/files\/0: .*got an array/)
  await rejectsWith(read(`"s3://data/a"\n${deep}`), 'MANIFEST_INVALID', /line 2/)
})

test('an inline manifest is checked alike, with pointers to every fault', async () => {
  const files = [{ uri: 's3://data/a', sha256: SHA256 }, { uri: 'ftp://x' }, { uri: 's3://secret/b' }]
  const { signal } = new AbortController()
  const store = new MemoryStore()
  const read = (entries: ManifestEntry[]) => readManifest({ files: entries }, { ...LIMITS, store, maxBytes: 1, signal })
  assert.deepEqual(await read(files.slice(0, 1)), [{ uri: 's3://data/a', sha256: SHA256.toLowerCase() }])
  await rejectsWith(read([]), 'MANIFEST_EMPTY', /no files/)
  assert.throws(
    () => checkManifestEntries(files, LIMITS, '/manifest_inline/files'),
    (thrown: unknown) => {
      assert.ok(thrown instanceof LongshoreError)
      assert.equal(thrown.code, 'INVALID_URI')
      assert.deepEqual(
        thrown.errors.map(({ pointer }) => pointer),
        ['/manifest_inline/files/1', '/manifest_inline/files/2'],
      )
      return true
    },
  )
})

test('a body that breaks off is a fault of the store, to be tried again', async () => {
  const store = new BreakingStore(() => 5)
  store.objects.set('s3://data/list', Buffer.from('s3://data/a'))
  const expected = { code: 'STORE_UNAVAILABLE', retryable: true, message: /s3:\/\/data\/list.*ECONNRESET/ }
  await assert.rejects(read('', { store }), expected)
})

test('reading stops when the signal aborts', async () => {
  await assert.rejects(read('s3://data/a', { signal: AbortSignal.abort(new Error('stop')) }), /stop/)
})
