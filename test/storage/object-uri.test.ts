import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkObjectRef, formatObjectUri, isBucketName, parseObjectUri } from '../../src/storage/object-uri.ts'

const INVALID = { code: 'INVALID_URI' }

test('reading a URI gives back what it was written from', () => {
  const bucket = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,20}[a-z0-9]$/)
  const key = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 100 })
    .filter((text) => text.isWellFormed() && !text.includes('\0'))
  fc.assert(
    fc.property(bucket, key, (b, k) => {
      const ref = { bucket: b, key: k }
      assert.deepEqual(parseObjectUri(formatObjectUri(ref)), ref)
      checkObjectRef(ref)
    }),
  )
})

test('a URI of another form is refused, with the URI and the reason in the text', () => {
  const cases: [uri: string, reason: RegExp][] = [
    ['', /expected s3:/],
    ['/etc/passwd', /expected s3:/],
    ['file:///etc/passwd', /expected s3:/],
    ['http://bucket/key', /expected s3:/],
    ['S3://bucket/key', /expected s3:/],
    ['s3://bucket', /expected s3:/],
    ['s3://bucket/', /expected s3:/],
    ['s3:///key', /not a bucket name/],
    ['s3://../key', /not a bucket name/],
    ['s3://Bucket/key', /not a bucket name/],
    ['s3://bucket/a\0b', /NUL/],
    ['s3://bucket/\ud800', /Unicode/],
    [`s3://bucket/${'é'.repeat(513)}`, /longer than 1024 bytes/],
  ]
  for (const [uri, reason] of cases) assert.throws(() => parseObjectUri(uri), { ...INVALID, message: reason }, uri)
  parseObjectUri(`s3://bucket/${'é'.repeat(512)}`)
})

test('an object reference cannot smuggle a path in its bucket', () => {
  for (const bucket of ['..', 'a/b', 'bucket/x', '', '.tmp', '.uploads']) {
    assert.throws(() => checkObjectRef({ bucket, key: 'k' }), INVALID, bucket)
  }
  assert.throws(() => checkObjectRef({ bucket: 'bucket', key: '' }), INVALID)
})

test('bucket names are those of S3', () => {
  for (const name of ['abc', 'a.b-c', '123', 'a'.repeat(63)]) assert.ok(isBucketName(name), name)
  for (const name of ['ab', 'a'.repeat(64), '-abc', 'abc.', 'a..b', 'a_b', 'ABC', 'a b']) {
    assert.ok(!isBucketName(name), name)
  }
})
