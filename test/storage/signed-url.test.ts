import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatObjectPath, parseObjectPath } from '../../src/storage/object-path.ts'
import { type SignedRequest, signUrl, verifySignedUrl } from '../../src/storage/signed-url.ts'

const SECRET = 'a secret that is long enough to sign with'
const NOW = Date.UTC(2026, 0, 1)
const FORGED = { code: 'SIGNATURE_INVALID' }
const REF = { bucket: 'bucket', key: 'folder/file.dat' }
const PART = { uploadId: 'upload-1', partNumber: 12, sizeBytes: 345 }
const READ: SignedRequest = { ref: REF, expiresAt: NOW + 60_000 }
const WRITE: SignedRequest = { ...READ, part: PART }

const key = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .filter((text) => text.isWellFormed() && !text.includes('\0'))
const awkward = fc
  .array(fc.constantFrom('.', '..', '', '%2F', '%2e%2e', 'a b', '~', '\\', '?x=1', '#h', 'é', '\t'), { minLength: 1 })
  .map((segments) => segments.join('/'))
  .filter((text) => text !== '')

/** The target as a server sees it after a client's and a proxy's URL parser had their way with it. */
function throughParsers(url: string): string {
  const parsed = new URL(url, 'http://service:8000')
  return parsed.pathname + parsed.search
}

test('what was signed is what is verified, through URL parsers and for any key', () => {
  fc.assert(
    fc.property(fc.oneof(key, awkward), (text) => {
      const read = { ...READ, ref: { bucket: 'bucket', key: text } }
      assert.deepEqual(verifySignedUrl(SECRET, 'GET', throughParsers(signUrl(SECRET, read)), NOW), read)
      const write = { ...read, part: PART }
      assert.deepEqual(verifySignedUrl(SECRET, 'PUT', throughParsers(signUrl(SECRET, write)), NOW), write)
    }),
    { numRuns: 1000 },
  )
})

test('a path leads back to its object, and an ordinary key can be read in it', () => {
  fc.assert(
    fc.property(fc.oneof(key, awkward), (text) => {
      const ref = { bucket: 'bucket', key: text }
      const path = formatObjectPath(ref)
      assert.deepEqual(parseObjectPath(new URL(path, 'http://service').pathname), ref)
    }),
    { numRuns: 1000 },
  )
  assert.equal(formatObjectPath({ bucket: 'b-1', key: 'a dir/ü.txt' }), '/objects/b-1/a%20dir/%C3%BC.txt')
  assert.match(formatObjectPath({ bucket: 'b-1', key: 'a/../b' }), /^\/objects\/b-1\/~[\w-]+$/)
})

test('what is no path of an object is not read as one', () => {
  for (const path of [
    '',
    '/',
    '/objects/',
    '/objects/bucket',
    '/other/bucket/key',
    '/objects/b/%zz',
    '/objects/b/~!',
  ]) {
    assert.equal(parseObjectPath(path), undefined, path)
  }
})

test('a URL is good until its second is over and says until when', () => {
  const url = signUrl(SECRET, { ...READ, expiresAt: NOW + 1 })
  verifySignedUrl(SECRET, 'GET', url, NOW + 1000)
  assert.throws(() => verifySignedUrl(SECRET, 'GET', url, NOW + 1001), {
    code: 'URL_EXPIRED',
    message: /2026-01-01T00:00:01/,
  })
})

test('an expired URL that was also forged is called forged', () => {
  const url = signUrl(SECRET, READ).replace('file.dat', 'other.dat')
  assert.throws(() => verifySignedUrl(SECRET, 'GET', url, NOW + 1e9), FORGED)
})

test('a URL for reading reads, one for a part writes, and neither does anything else', () => {
  verifySignedUrl(SECRET, 'HEAD', signUrl(SECRET, READ), NOW)
  for (const method of ['PUT', 'POST', 'DELETE', 'get', '']) {
    assert.throws(() => verifySignedUrl(SECRET, method, signUrl(SECRET, READ), NOW), FORGED, method)
  }
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'put']) {
    assert.throws(() => verifySignedUrl(SECRET, method, signUrl(SECRET, WRITE), NOW), FORGED, method)
  }
})

test('nothing in a URL can be changed', () => {
  const url = signUrl(SECRET, WRITE)
  const changes: [from: RegExp, to: string][] = [
    [/bucket/, 'bucket2'],
    [/file\.dat/, 'file.dax'],
    [/upload-1/, 'upload-2'],
    [/part_number=12/, 'part_number=13'],
    [/size=345/, 'size=346'],
    [/expires=(\d+)/, 'expires=9$1'],
    [/signature=./, 'signature=!'],
    [/&signature=.*/, ''],
    [/&signature=.*/, '&signature='],
    [/$/, 'A'],
    [/$/, '&x=1'],
    [/$/, '&part_number=12'],
    [/upload_id=upload-1&/, ''],
    [/part_number=12/, 'part_number=12.0'],
    [/part_number=12/, 'part_number=012'],
    [/part_number=12/, 'part_number=%2B12'],
    [/size=345/, 'size=3.45e2'],
    [/\?.*/, ''],
  ]
  for (const [from, to] of changes) {
    const forged = url.replace(from, to)
    assert.notEqual(forged, url)
    assert.throws(() => verifySignedUrl(SECRET, 'PUT', forged, NOW), FORGED, forged)
  }
})

test('characters cannot be moved from one field into the next', () => {
  const url = signUrl(SECRET, WRITE)
  const moves: [from: string, to: string][] = [
    ['upload-1&part_number=12', 'upload-11&part_number=2'],
    ['part_number=12&size=345', 'part_number=1&size=2345'],
    ['part_number=12&size=345', 'part_number=123&size=45'],
    ['/bucket/folder/', '/bucke/tfolder/'],
    ['/bucket/folder/', '/bucketfolder/'],
    ['/folder/file.dat', '/folder%2Ffile.dat2'],
  ]
  for (const [from, to] of moves) {
    assert.ok(url.includes(from))
    assert.throws(() => verifySignedUrl(SECRET, 'PUT', url.replace(from, to), NOW), FORGED, to)
  }
})

test('a URL for reading does not become one for writing', () => {
  const url = signUrl(SECRET, READ).replace('?', '?upload_id=upload-1&part_number=1&size=1&')
  assert.throws(() => verifySignedUrl(SECRET, 'PUT', url, NOW), FORGED)
})

test('another secret signs other URLs', () => {
  assert.throws(() => verifySignedUrl(`${SECRET}!`, 'GET', signUrl(SECRET, READ), NOW), FORGED)
})

test('the order of the fields does not matter', () => {
  const [path = '', query = ''] = signUrl(SECRET, WRITE).split('?')
  const turned = `${path}?${query.split('&').toReversed().join('&')}`
  assert.deepEqual(verifySignedUrl(SECRET, 'PUT', turned, NOW), WRITE)
})
