import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { examineDataFolder } from '../../../src/cli/doctor/data-folder.ts'
import { probeFolder } from '../../../src/cli/doctor/probe-file.ts'
import { lockDataDir } from '../../../src/engine/sqlite/data-dir-lock.ts'
import { startService } from '../../support/service-process.ts'
import { smallDisk } from '../../support/small-disk.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const isRoot = process.getuid?.() === 0

async function examine(path: string, probe?: typeof probeFolder) {
  await using exam = await examineDataFolder(path, systemClock, probe)
  return { state: exam.state, findings: exam.findings }
}

test('a folder that is not there is fine when it can be made, and is not made', async () => {
  await using folder = await tempFolder()
  const path = join(folder.path, 'a/b')
  assert.deepEqual(await examine(path), {
    state: 'absent',
    findings: [{ check: 'data folder', verdict: 'ok', message: `${path} does not exist yet; the service makes it` }],
  })
  assert.deepEqual(await readdir(folder.path), [])
})

test('a folder with space is fine, and left as it was', async () => {
  await using folder = await tempFolder()
  const { state, findings } = await examine(folder.path)
  assert.equal(state, 'ours')
  assert.deepEqual(
    findings.map(({ verdict }) => verdict),
    ['ok', 'ok'],
  )
  assert.match(findings[0]?.message ?? '', /: [\d.]+ GiB free, files can be written and synced$/)
  assert.equal(findings[1]?.message, `${folder.path} is used by no service`)
  assert.deepEqual(await readdir(folder.path), [])
})

test('a file in its place fails', async () => {
  await using folder = await tempFolder()
  const path = join(folder.path, 'data')
  await writeFile(path, '')
  const { state, findings } = await examine(path)
  assert.equal(state, 'unusable')
  assert.deepEqual(findings, [
    {
      check: 'data folder',
      verdict: 'failed',
      message: `${path} is no folder that can be looked into`,
      todo: 'Move it away, or set DATA_DIR to another folder',
    },
  ])
})

test('a file system that is read-only fails, whether the folder is there or not', async (context) => {
  if (!isRoot) return context.skip('only root can mount')
  await using disk = await smallDisk(1)
  await mkdir(join(disk.path, 'data'))
  execFileSync('mount', ['-o', 'remount,ro', disk.path])
  for (const name of ['data', 'missing']) {
    const { state, findings } = await examine(join(disk.path, name))
    assert.equal(state, 'unusable')
    assert.equal(findings[0]?.verdict, 'failed')
    assert.match(findings[0]?.message ?? '', /EROFS/)
    assert.match(findings[0]?.todo ?? '', name === 'data' ? /mounted read-only/ : /^Make it and give it/)
  }
})

test('a disk that is full, and one that soon is, fails', async (context) => {
  if (!isRoot) return context.skip('only root can mount')
  await using disk = await smallDisk(8)
  const { findings } = await examine(disk.path)
  assert.equal(findings[0]?.verdict, 'failed')
  assert.match(findings[0]?.message ?? '', /: [78] MiB free/)
  assert.match(findings[0]?.todo ?? '', /^Free some space/)
  disk.fill()
  const full = await examine(disk.path)
  assert.equal(full.state, 'unusable')
  assert.match(full.findings[0]?.message ?? '', /cannot be written to: ENOSPC/)
  assert.match(full.findings[0]?.todo ?? '', /^Free some space/)
})

test('space that is scarce is a warning', async (context) => {
  if (!isRoot) return context.skip('only root can mount')
  await using disk = await smallDisk(200)
  assert.equal((await examine(disk.path)).findings[0]?.verdict, 'warning')
})

test('a disk that does not sync fails, and says what that means', async () => {
  await using folder = await tempFolder()
  const broken = (path: string) =>
    probeFolder(path, async () => {
      throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' })
    })
  const { findings } = await examine(folder.path, broken)
  assert.equal(findings[0]?.message, `${folder.path} cannot be synced to disk: EIO: i/o error, fsync`)
  assert.match(findings[0]?.todo ?? '', /would not survive a power cut/)
  assert.deepEqual(await readdir(folder.path), [])
})

test('a folder of a running service is told with its holder, who keeps it', async () => {
  await using folder = await tempFolder()
  await using service = await startService({ DATA_DIR: folder.path })
  const { state, findings } = await examine(folder.path)
  assert.equal(state, 'held')
  assert.equal(findings[1]?.verdict, 'ok')
  const holder = new RegExp(`^${folder.path} is used by process ${service.pid} on ${hostname()} since 20.*Z$`)
  assert.match(findings[1]?.message ?? '', holder)
  assert.equal((await fetch(`${service.url}/readyz`)).status, 200)
  assert.equal((await examine(folder.path)).state, 'held')
})

test('no service starts on a folder while it is looked into, and one can afterwards', async () => {
  await using folder = await tempFolder()
  ;(await lockDataDir(folder.path, systemClock)).release()
  {
    await using exam = await examineDataFolder(folder.path, systemClock)
    assert.equal(exam.state, 'ours')
    await assert.rejects(startService({ DATA_DIR: folder.path }), /is used by process/)
  }
  await using service = await startService({ DATA_DIR: folder.path })
  assert.ok(service.url)
})
