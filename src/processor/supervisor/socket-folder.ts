import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.ts'
import { systemCodeOf } from '../../base/errors.ts'

const PREFIX = 'longshore-streams-'
const SOCKET = 's'
/** A socket that is being opened refuses for a moment, too. */
const OLD_AFTER_MS = 60_000

/** Makes a folder that nobody else may enter, for a socket; answers where the socket goes. */
export async function makeSocketFolder(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), PREFIX)), SOCKET)
}

/**
 * Removes the folders of services that were killed together with their helpers, as the end of a container or of a memory
 * limit does: a socket that nobody listens at. What cannot be removed, e.g. another user's, stays.
 */
export async function removeLeftFolders(clock: Clock = systemClock): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => [])
  const folders = names.filter((name) => name.startsWith(PREFIX)).map((name) => join(tmpdir(), name))
  await Promise.all(folders.map((folder) => removeIfLeft(folder, clock).catch(() => {})))
}

async function removeIfLeft(folder: string, clock: Clock): Promise<void> {
  const found = await lstat(folder)
  if (!found.isDirectory() || clock.now() - found.mtimeMs < OLD_AFTER_MS) return
  const contents = await readdir(folder)
  if (contents.some((name) => name !== SOCKET)) return
  if (contents.length === 0 || (await isDeserted(join(folder, SOCKET)))) await rm(folder, { recursive: true })
}

function isDeserted(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const caller = connect(path)
    caller.once('connect', () => {
      caller.destroy()
      resolve(false)
    })
    caller.once('error', (failure) => resolve(systemCodeOf(failure) === 'ECONNREFUSED'))
  })
}
