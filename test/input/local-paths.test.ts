import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assignLocalPaths, localName } from '../../src/input/local-paths.ts'

const part = fc.oneof(
  fc.constantFrom(
    'D1.adc',
    'D1.roi',
    'd1.ADC',
    'é.txt',
    'e\u0301.txt',
    '1',
    '2',
    '..',
    '.',
    '',
    'a\\b',
    'nul\u0001',
    'run',
  ),
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.replaceAll('\0', '')),
)
const uri = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `s3://data/${parts.join('/')}`)

test('paths never collide, stay in their folder and are names every file system takes, whatever the keys', () => {
  fc.assert(
    fc.property(fc.array(uri, { maxLength: 40 }), (uris) => {
      const paths = assignLocalPaths(uris)
      assert.equal(paths.length, uris.length)
      assert.equal(new Set(paths.map((path) => path.normalize('NFC').toLowerCase())).size, paths.length)
      for (const path of paths) {
        const [, name] = /^\d+\/([^/]+)$/.exec(path) ?? []
        assert.ok(name !== undefined && name !== '.' && name !== '..', path)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what names may not hold
        assert.doesNotMatch(name, /[\u0000-\u001f\u007f-\u009f\\]/)
        assert.ok(Buffer.byteLength(name) <= 255 && name.isWellFormed())
      }
    }),
    { numRuns: 300 },
  )
})

test('files without collisions all lie in the first folder under their own names', () => {
  assert.deepEqual(assignLocalPaths(['s3://d/a/D1.adc', 's3://d/b/D2.adc', 's3://d/D3.adc']), [
    '1/D1.adc',
    '1/D2.adc',
    '1/D3.adc',
  ])
})

test('files that lie side by side in the store stay side by side', () => {
  const uris = ['s3://d/b/D1.roi', 's3://d/a/D1.adc', 's3://d/a/D1.roi', 's3://d/c/other.txt', 's3://d/a/D1.hdr']
  assert.deepEqual(assignLocalPaths(uris), ['1/D1.roi', '2/D1.adc', '2/D1.roi', '1/other.txt', '2/D1.hdr'])
})

test('the same file named twice gets two paths', () => {
  assert.deepEqual(assignLocalPaths(['s3://d/a/x', 's3://d/a/x', 's3://d/a/X']), ['1/x', '2/x', '3/X'])
})

test('a hundred thousand files of one name get their folders at once', () => {
  const uris = Array.from({ length: 100_000 }, (_, index) => `s3://d/${index}/data.bin`)
  assert.equal(assignLocalPaths(uris).at(-1), '100000/data.bin')
})

test('names keep their extension when they are cut, and replace what is unsafe', () => {
  assert.equal(localName(`s3://d/${'ä'.repeat(200)}.adc`), `${'ä'.repeat(125)}.adc`)
  assert.equal(localName('s3://d/a/..'), '__')
  assert.equal(localName('s3://d/folder/'), 'folder')
  assert.equal(localName('s3://d/a\nb'), 'a_b')
})
