import { readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../base/clock.ts'
import { LongshoreError, messageOf } from '../../base/errors.ts'
import { resultCodeOf } from './database.ts'

/** A folder that no other process uses. */
export interface DataDirLock extends AsyncDisposable {
  release(): void
}

const SQLITE_BUSY = 5

/**
 * Takes a folder for this process, or throws `DATA_DIR_LOCKED` with who has it. The lock is an open transaction on an
 * empty SQLite file: the kernel releases it however the process ends, so a kill never leaves a stale one. The file beside
 * it only says who holds it. No other code may open the lock file: closing it would release the lock (POSIX).
 */
export async function lockDataDir(folder: string, clock: Clock): Promise<DataDirLock> {
  const db = await openLockFile(folder)
  const holderFile = join(folder, 'longshore.lock.json')
  try {
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    const holder = { pid: process.pid, host: hostname(), since: new Date(clock.now()).toISOString() }
    await writeFile(`${holderFile}.new`, `${JSON.stringify(holder)}\n`)
    await rename(`${holderFile}.new`, holderFile)
  } catch (thrown) {
    db.close()
    throw resultCodeOf(thrown) === SQLITE_BUSY ? locked(folder, holderFile) : unusable(folder, thrown)
  }
  const release = (): void => {
    if (db.isOpen) db.close()
  }
  return { release, [Symbol.asyncDispose]: async () => release() }
}

async function openLockFile(folder: string): Promise<DatabaseSync> {
  try {
    await mkdir(folder, { recursive: true })
    return new DatabaseSync(join(folder, 'longshore.lock'), { timeout: 0 })
  } catch (thrown) {
    throw unusable(folder, thrown)
  }
}

function locked(folder: string, holderFile: string): LongshoreError {
  return new LongshoreError(
    'DATA_DIR_LOCKED',
    `The data folder ${folder} is used by ${readHolder(holderFile)}. Stop that one, or set DATA_DIR to another folder.`,
  )
}

function readHolder(holderFile: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(holderFile, 'utf8'))
    return `process ${pid} on ${host} since ${since}`
  } catch {
    return 'another process'
  }
}

function unusable(folder: string, thrown: unknown): LongshoreError {
  return new LongshoreError('DATA_DIR_UNUSABLE', `The data folder ${folder} cannot be used: ${messageOf(thrown)}.`, {
    cause: thrown,
  })
}
