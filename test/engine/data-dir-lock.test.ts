import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockDataDir } from '../../src/engine/sqlite/data-dir-lock.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { tempFolder } from '../support/temp-folder.ts'

const clock = new ManualClock()

const HOLDER = `
  import { lockDataDir } from '${new URL('../../src/engine/sqlite/data-dir-lock.ts', import.meta.url)}'
  import { systemClock } from '${new URL('../../src/base/clock.ts', import.meta.url)}'
  const lock = await lockDataDir(process.argv[1], systemClock)
  console.log('locked')
  process.stdin.resume()
  process.stdin.on('end', () => lock.release())
`

/** Another process that holds the folder. */
async function holder(folder: string) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', HOLDER, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

test('a folder that another process uses is refused, with who uses it', async () => {
  await using folder = await tempFolder()
  const child = await holder(folder.path)
  const who = new RegExp(`is used by process ${child.pid} on ${hostname()} since \\d{4}-.*Z\\. Stop that one`)
  await assert.rejects(lockDataDir(folder.path, clock), { code: 'DATA_DIR_LOCKED', message: who })
  child.kill('SIGKILL')
  await once(child, 'exit')
  await using _lock = await lockDataDir(folder.path, clock)
})

test('a folder is free again once it was released', async () => {
  await using folder = await tempFolder()
  const lock = await lockDataDir(folder.path, clock)
  await assert.rejects(lockDataDir(folder.path, clock), { code: 'DATA_DIR_LOCKED' })
  lock.release()
  lock.release()
  await using _again = await lockDataDir(folder.path, clock)
})

test('a folder that is not there is made; one that cannot be is named', async () => {
  await using folder = await tempFolder()
  await using _lock = await lockDataDir(join(folder.path, 'a', 'b'), clock)
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  await assert.rejects(lockDataDir(file, clock), { code: 'DATA_DIR_UNUSABLE' })
})
