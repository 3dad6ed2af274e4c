import assert from 'node:assert/strict'
import type { BigIntStats } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FileLooks } from '../../src/storage/file-looks.ts'

let folder: string
let file: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-looks-'))
  file = join(folder, 'x.txt')
  await writeFile(file, 'xyz')
})

after(() => rm(folder, { recursive: true, force: true }))

/** What a look answered before the event loop turned: undefined stands for a look that a thread of the pool takes. */
function atOnce(answer: ReturnType<FileLooks['at']>): BigIntStats | 'nothing' | undefined {
  return answer instanceof Promise ? undefined : (answer ?? 'nothing')
}

test('on a local disk a look is taken at once', async () => {
  const looks = new FileLooks()
  await looks.start(folder)
  const found = atOnce(looks.at(file))
  assert.ok(found !== undefined && found !== 'nothing')
  assert.equal(found.size, 3n)
  assert.equal(atOnce(looks.at(join(folder, 'y.txt'))), 'nothing')
  assert.equal(atOnce(looks.at(join(file, 'y.txt'))), 'nothing')
})

test('before it is known where the folder lies, the pool looks', async () => {
  const looks = new FileLooks()
  assert.equal(atOnce(looks.at(file)), undefined)
  assert.equal((await looks.at(file))?.size, 3n)
  assert.equal(await looks.at(join(folder, 'y.txt')), undefined)
})

test('of many looks in one turn the pool takes the rest', async () => {
  const looks = new FileLooks()
  await looks.start(folder)
  const answers = Array.from({ length: 700 }, () => looks.at(file))
  assert.equal(answers.filter(atOnce).length, 500)
  assert.deepEqual(new Set((await Promise.all(answers)).map((stats) => stats?.size)), new Set([3n]))
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(atOnce(looks.at(file)))
})

test('after a slow look the pool takes them for twenty times as long', async () => {
  let now = 0
  let lookMs = 3
  const looks = new FileLooks(() => {
    now += lookMs
    return now
  })
  await looks.start(folder)
  assert.ok(atOnce(looks.at(file)))
  lookMs = 0
  assert.equal(atOnce(looks.at(file)), undefined)
  now += 59
  assert.equal(atOnce(looks.at(file)), undefined)
  now += 1
  assert.ok(atOnce(looks.at(file)))
})
