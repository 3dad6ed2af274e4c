import { readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { unless } from './disk.ts'

/** What nobody has written to for so long is left by a process that died, in ms: whoever is still there writes or gives up. */
const LEFT_MS = 86_400_000

/**
 * Removes unfinished files that other processes left in folders beside this process's own. The folders stay: one may be
 * that of a process which has had nothing to write lately. What time it is says the disk, which may be another machine's.
 */
export async function removeLeftFiles(own: string): Promise<void> {
  const { mtimeMs: now } = await stat(own)
  for (const folder of await readdir(dirname(own))) {
    for (const name of (await unless(['ENOENT', 'ENOTDIR'], readdir(join(dirname(own), folder)))) ?? []) {
      const file = join(dirname(own), folder, name)
      const stats = await unless(['ENOENT'], stat(file))
      if (stats && now - stats.mtimeMs > LEFT_MS) await rm(file, { recursive: true, force: true })
    }
  }
}
