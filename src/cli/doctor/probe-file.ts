import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, systemCodeOf } from '../../base/errors.ts'
import { syncFolder } from '../../storage/disk.ts'

/** What is wrong with a folder that cannot be used. */
export interface FolderFault {
  /** The system's code, e.g. `EACCES`. */
  readonly code: string | undefined
  readonly message: string
  readonly todo: string
}

/** Writes a small file, syncs it and its folder, and removes it again; answers what went wrong. */
export async function probeFolder(
  folder: string,
  sync: (file: FileHandle) => Promise<void> = (file) => file.sync(),
): Promise<FolderFault | undefined> {
  const path = join(folder, `.longshore-doctor-${randomUUID()}`)
  let step = 'written to'
  try {
    await using file = await open(path, 'wx')
    await file.writeFile('written by longshore doctor\n')
    step = 'synced to disk'
    await sync(file)
    await syncFolder(folder)
    return undefined
  } catch (failure) {
    return {
      code: systemCodeOf(failure),
      message: `${folder} cannot be ${step}: ${messageOf(failure)}`,
      todo: todoFor(failure, step),
    }
  } finally {
    await rm(path, { force: true }).catch(() => {})
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'Give this user the right to write there (chown, chmod), or set DATA_DIR to another folder',
  EPERM: 'Give this user the right to write there (chown, chmod), or set DATA_DIR to another folder',
  EROFS: 'The file system is mounted read-only: mount it writable, or set DATA_DIR to another folder',
  ENOSPC: 'Free some space, or set DATA_DIR to a folder on a larger disk',
  EDQUOT: 'Free some space, or set DATA_DIR to a folder on a larger disk',
}

function todoFor(failure: unknown, step: string): string {
  const known = REMEDIES[systemCodeOf(failure) ?? '']
  if (known !== undefined) return known
  if (step === 'written to') return 'Set DATA_DIR to a folder that can be written to'
  return 'Accepted jobs would not survive a power cut. Set DATA_DIR to a folder on a local disk'
}
