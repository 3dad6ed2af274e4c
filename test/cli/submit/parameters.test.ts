import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readParam, readParameters } from '../../../src/cli/submit/parameters.ts'
import { tempFolder } from '../../support/temp-folder.ts'

test('a value that is JSON is that, any other is a string, and only the first = divides', () => {
  assert.deepEqual(['a=3', 'b=true', 'c=[1,2]', 'd="3"', 'e=x=y', 'f=', 'g=null', 'h=07'].map(readParam), [
    ['a', 3],
    ['b', true],
    ['c', [1, 2]],
    ['d', '3'],
    ['e', 'x=y'],
    ['f', ''],
    ['g', null],
    ['h', '07'],
  ])
  assert.throws(() => readParam('=3'), /expected name=value, got "=3"/)
})

test('--param stands over --params, which may lie in a file', async () => {
  await using folder = await tempFolder()
  const path = join(folder.path, 'params.json')
  await writeFile(path, '{"a": 1, "b": 2}')
  assert.deepEqual(await readParameters({ params: `@${path}`, param: [['b', 3]] }), { a: 1, b: 3 })
  assert.equal(await readParameters({}), undefined)
  await assert.rejects(readParameters({ params: '[1]', param: [['b', 3]] }), /expected --params to be a JSON object/)
  await assert.rejects(readParameters({ params: '{' }), /expected --params to be JSON/)
  await assert.rejects(readParameters({ params: '@/nowhere' }), /cannot be read: ENOENT/)
})
