import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { LongshoreError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { type DataDirLock, lockDataDir } from '../../engine/sqlite/data-dir-lock.ts'
import { showBytes } from '../render/quantities.ts'
import { type Finding, findingsOf } from './finding.ts'
import { probeFolder } from './probe-file.ts'

const { ok, warning, failed } = findingsOf('data folder')

const GIB = 1024 ** 3
/** Below it the first large upload fills the disk. */
const SCARCE_BYTES = GIB
/** Below it the database itself soon cannot grow. */
const TOO_LITTLE_BYTES = GIB / 16

/** Where a service keeps all it has. */
export interface FolderExam extends AsyncDisposable {
  readonly findings: readonly Finding[]
  /** `held`: a service runs on it. `ours`: nobody else uses it. `absent`: there is none yet. */
  readonly state: 'absent' | 'held' | 'ours' | 'unusable'
}

/**
 * Looks whether a folder exists or can be made, can be written and synced to, has space, and who uses it. One that nobody
 * uses stays locked until the exam is disposed of, so that no service starts while its files are looked into.
 */
export async function examineDataFolder(
  folder: string,
  clock: Clock,
  probe: typeof probeFolder = probeFolder,
): Promise<FolderExam> {
  const path = resolve(folder)
  const kind = await kindOf(path)
  if (kind === 'file')
    return unusable(
      failed(`${path} is no folder that can be looked into`, 'Move it away, or set DATA_DIR to another folder'),
    )
  if (kind === undefined) return checkCreatable(path)
  const fault = await probe(path)
  if (fault !== undefined) return unusable(failed(fault.message, fault.todo))
  const space = await checkSpace(path)
  const { finding, lock, state } = await checkLock(path, clock)
  return exam([space, finding], state, lock)
}

function exam(findings: readonly Finding[], state: FolderExam['state'], lock?: DataDirLock): FolderExam {
  return { findings, state, [Symbol.asyncDispose]: async () => lock?.release() }
}

function unusable(finding: Finding): FolderExam {
  return exam([finding], 'unusable')
}

async function kindOf(path: string): Promise<'folder' | 'file' | undefined> {
  const stats = await stat(path).catch((failure) => {
    if (systemCodeOf(failure) === 'ENOENT') return undefined
    return 'unknown' as const
  })
  if (stats === undefined) return undefined
  return stats === 'unknown' || !stats.isDirectory() ? 'file' : 'folder'
}

/** The service makes the folder; what matters is whether it may. Nothing is made here. */
async function checkCreatable(path: string): Promise<FolderExam> {
  const parent = await nearestThatExists(dirname(path))
  try {
    await access(parent, constants.W_OK | constants.X_OK)
    return exam([ok(`${path} does not exist yet; the service makes it`)], 'absent')
  } catch (failure) {
    const message = `${path} does not exist, and cannot be made in ${parent}: ${messageOf(failure)}`
    return unusable(
      failed(message, 'Make it and give it to the user of the service, or set DATA_DIR to another folder'),
    )
  }
}

async function nearestThatExists(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((await kindOf(folder)) !== undefined || folder === dirname(folder)) return folder
  }
}

async function checkSpace(path: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(path)
  const freeBytes = bavail * bsize
  const message = `${path}: ${showBytes(freeBytes)} free, files can be written and synced`
  if (freeBytes >= SCARCE_BYTES) return ok(message)
  const todo = 'Free some space, set RETENTION_DAYS lower, or set DATA_DIR to a folder on a larger disk'
  return freeBytes < TOO_LITTLE_BYTES ? failed(message, todo) : warning(message, todo)
}

/** Without a lock file no service ever ran on the folder, and making one could leave it to the wrong user. */
async function checkLock(
  path: string,
  clock: Clock,
): Promise<{ finding: Finding; lock?: DataDirLock; state: FolderExam['state'] }> {
  const free = ok(`${path} is used by no service`)
  if ((await kindOf(join(path, 'longshore.lock'))) === undefined) return { finding: free, state: 'ours' }
  try {
    return { finding: free, lock: await lockDataDir(path, clock), state: 'ours' }
  } catch (failure) {
    if (!(failure instanceof LongshoreError)) throw failure
    if (failure.code === 'DATA_DIR_LOCKED') return { finding: ok(holderIn(failure.message, path)), state: 'held' }
    return { finding: failed(failure.message, 'Give the files in it to the user of the service'), state: 'unusable' }
  }
}

function holderIn(message: string, path: string): string {
  const holder = /is used by (.*?)\. /.exec(message)?.[1] ?? 'another process'
  return `${path} is used by ${holder}`
}
