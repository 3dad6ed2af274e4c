import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../support/temp-folder.ts'

const MODULE = join(import.meta.dirname, '../../src/worker/work-folders.ts')

/** Root may remove anything: the removal is tried as a user who is not. */
const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

function clearAsNobody(root: string): void {
  const code = `const { WorkFolders } = await import(${JSON.stringify(MODULE)}); await new WorkFolders(${JSON.stringify(root)}).start()`
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'pipe', ...asNobody })
}

test('what a crash left is removed, folders without permissions too', async (t) => {
  await using folder = await tempFolder()
  const root = join(folder.path, 'work')
  const closed = join(root, 'job-1/unpacked/closed')
  mkdirSync(closed, { recursive: true })
  writeFileSync(join(closed, 'file'), 'x')
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '65534:65534', folder.path])
  chmodSync(closed, 0o555)
  chmodSync(join(root, 'job-1/unpacked'), 0o000)
  try {
    clearAsNobody(root)
  } catch (failure) {
    if (/EACCES.*work-folders\.ts|Cannot find module/.test(String(failure)))
      return t.skip('the sources are not readable')
    throw failure
  }
  assert.deepEqual(readdirSync(root), [])
})
