import assert from 'node:assert/strict'
import { resolve, sep, win32 } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DownloadError } from '../../client/src/errors.ts'
import { placementsOf } from '../../client/src/node/download-layout.ts'

function pathOf(key: string, platform: NodeJS.Platform = 'linux'): string | undefined {
  return placementsOf([`s3://bucket/${key}`], platform)[0]?.segments.join('/')
}

function refused(uris: readonly string[], code: string, platform: NodeJS.Platform = 'linux'): void {
  assert.throws(
    () => placementsOf(uris, platform),
    (failure) => failure instanceof DownloadError && failure.code === code,
    `${JSON.stringify(uris)} on ${platform}`,
  )
}

test('the leading results or datasets of a key is left out, once and as a whole part only', () => {
  assert.equal(pathOf('results/job/a.txt'), 'job/a.txt')
  assert.equal(pathOf('datasets/job/a.txt'), 'job/a.txt')
  assert.equal(pathOf('results/results/a.txt'), 'results/a.txt')
  assert.equal(pathOf('my/results/a.txt'), 'my/results/a.txt')
  assert.equal(pathOf('results'), 'results')
  assert.equal(pathOf('resultsx/a'), 'resultsx/a')
})

describe('a key that could mean a place elsewhere is refused', () => {
  for (const key of [
    '../a',
    'results/../a',
    'results/job/../../../etc/passwd',
    'results//etc/passwd',
    '/etc/passwd',
    'results/./a',
    'results/job/',
    'a\0b',
    'results/job/a\nb',
    'results/..\\..\\a',
    'C:\\a',
    '..',
    'results/..',
    'results/\ud800',
    'results/'.concat('é'.repeat(128)),
  ]) {
    test(JSON.stringify(key), () => refused([`s3://bucket/${key}`], 'UNSAFE_PATH'))
  }

  for (const uri of ['', 's3://bucket', 's3://bucket/', 's3:///key', 'file:///etc/passwd', '/etc/passwd', 'a']) {
    test(`as no URI: ${JSON.stringify(uri)}`, () => refused([uri], 'INVALID_URI'))
  }
})

test('names that mean something else on Windows are refused there, and fine elsewhere', () => {
  for (const name of [
    'con',
    'NUL',
    'aux.json',
    'COM1',
    'lpt9.txt',
    'a:b',
    'C:',
    'a.',
    'a ',
    'what?',
    'a*',
    'a|b',
    '<a>',
  ]) {
    refused([`s3://bucket/results/job/${name}`], 'UNSAFE_PATH', 'win32')
    assert.equal(pathOf(`results/job/${name}`), `job/${name}`)
  }
  assert.equal(pathOf('results/job/console.log', 'win32'), 'job/console.log')
})

test('two objects that would be one file are refused, on file systems that ignore case and Unicode form too', () => {
  refused(['s3://a/results/x', 's3://b/results/x'], 'SAME_PATH')
  refused(['s3://a/results/x', 's3://a/datasets/x'], 'SAME_PATH')
  refused(['s3://a/x', 's3://a/x'], 'SAME_PATH')
  refused(['s3://a/README', 's3://a/readme'], 'SAME_PATH')
  refused(['s3://a/\u00e9', 's3://a/e\u0301'], 'SAME_PATH')
  assert.equal(placementsOf(['s3://a/x', 's3://a/y']).length, 2)
})

test('an object that would need another one to be a folder is refused, in any order', () => {
  refused(['s3://a/x', 's3://a/x/y'], 'SAME_PATH')
  refused(['s3://a/x/y/z', 's3://a/X'], 'SAME_PATH')
  assert.equal(placementsOf(['s3://a/x', 's3://a/xy/z']).length, 2)
})

test('whatever a key is, its file lies inside the folder, on every system', () => {
  const part = fc.oneof(
    fc.constantFrom('', '.', '..', 'results', 'con', 'C:', '\0', '\\', '..\\..', 'a'),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1 }),
      fc.constantFrom<NodeJS.Platform>('linux', 'win32'),
      (parts, platform) => {
        let segments: readonly string[] = []
        try {
          segments = placementsOf([`s3://bucket/${parts.join('/')}`], platform)[0]?.segments ?? []
        } catch (failure) {
          return assert.ok(failure instanceof DownloadError)
        }
        const path = platform === 'win32' ? win32 : { resolve, sep }
        const root = path.resolve('some', 'folder')
        assert.ok(path.resolve(root, ...segments).startsWith(root + path.sep))
        assert.equal(path.resolve(root, ...segments), [root, ...segments].join(path.sep))
      },
    ),
    { numRuns: 5000 },
  )
})
