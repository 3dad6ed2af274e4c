import assert from 'node:assert/strict'
import type { BigIntStats } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { FileLooks } from '../../src/storage/file-looks.ts'

let root: string
let file: string

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'longshore-looks-'))
  await mkdir(join(root, 'bucket'))
  file = join(root, 'bucket', 'x.txt')
  await writeFile(file, 'xyz')
})

after(() => rm(root, { recursive: true, force: true }))

/** What a look answered before the event loop turned: undefined stands for a look that a thread of the pool takes. */
function atOnce(answer: ReturnType<FileLooks['at']>): BigIntStats | 'nothing' | undefined {
  return answer instanceof Promise ? undefined : (answer ?? 'nothing')
}

/** Time that goes on by a step whenever it is asked for. */
class SteppingTime {
  ms = 0
  stepMs = 0

  now(): number {
    this.ms += this.stepMs
    return this.ms
  }
}

/** Looks that have learnt where the bucket lies. */
async function openLooks(now?: () => number): Promise<FileLooks> {
  const looks = new FileLooks(root, now)
  assert.equal((await looks.at('bucket', file))?.size, 3n)
  while (atOnce(looks.at('bucket', file)) === undefined) await pause(1)
  await turn()
  return looks
}

test('on a local disk a look is taken at once', async () => {
  const looks = await openLooks()
  const found = atOnce(looks.at('bucket', file))
  assert.ok(found !== undefined && found !== 'nothing')
  assert.equal(found.size, 3n)
  assert.equal(atOnce(looks.at('bucket', join(root, 'bucket', 'y.txt'))), 'nothing')
  assert.equal(atOnce(looks.at('bucket', join(file, 'y.txt'))), 'nothing')
})

test('before it is known where the bucket lies, the pool looks; one that is not there yet is asked about again', async () => {
  const looks = new FileLooks(root)
  const later = join(root, 'later', 'x.txt')
  assert.equal(atOnce(looks.at('later', later)), undefined)
  assert.equal(await looks.at('later', later), undefined)
  await mkdir(join(root, 'later'))
  await writeFile(later, 'later')
  while (atOnce(looks.at('later', later)) === undefined) await pause(1)
  assert.equal((await looks.at('later', later))?.size, 5n)
})

test('what the looks of one turn take is bounded; the pool takes the rest', async () => {
  const time = new SteppingTime()
  const looks = await openLooks(() => time.now())
  time.stepMs = 0.1
  const answers = Array.from({ length: 50 }, () => looks.at('bucket', file))
  assert.equal(answers.filter(atOnce).length, 10)
  assert.deepEqual(new Set((await Promise.all(answers)).map((stats) => stats?.size)), new Set([3n]))
  await turn()
  assert.ok(atOnce(looks.at('bucket', file)))
})

test('after a slow look the pool takes them for twenty times as long', async () => {
  const time = new SteppingTime()
  const looks = await openLooks(() => time.now())
  time.stepMs = 3
  assert.ok(atOnce(looks.at('bucket', file)))
  time.stepMs = 0
  await turn()
  assert.equal(atOnce(looks.at('bucket', file)), undefined)
  time.ms += 59
  assert.equal(atOnce(looks.at('bucket', file)), undefined)
  time.ms += 1
  assert.ok(atOnce(looks.at('bucket', file)))
})

test('of a bucket that reaches into another device the pool takes the looks from then on', async () => {
  const looks = await openLooks()
  const elsewhere = join(root, 'bucket', 'proc')
  await symlink('/proc', elsewhere)
  assert.ok(atOnce(looks.at('bucket', join(elsewhere, 'version'))))
  assert.equal(atOnce(looks.at('bucket', file)), undefined)
  assert.equal((await looks.at('bucket', file))?.size, 3n)
})
