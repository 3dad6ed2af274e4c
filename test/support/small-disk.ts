import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempFolder } from './temp-folder.ts'

/** A file system of its own that is soon full (tmpfs; needs root), unmounted at the end of the `await using` block. */
export interface SmallDisk extends AsyncDisposable {
  path: string
  /** Takes all space that is left. */
  fill(): void
  /** Gives back what `fill` took. */
  free(): void
}

/** Mounts a file system of so many MiB. */
export async function smallDisk(sizeMiB: number): Promise<SmallDisk> {
  const folder = await tempFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', folder.path])
  const filler = join(folder.path, 'filler')
  return {
    path: folder.path,
    fill: () => fill(filler),
    free: () => rmSync(filler, { force: true }),
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', ['--lazy', folder.path])
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** Writes ever smaller pieces until not even a page fits. */
function fill(path: string): void {
  for (let bytes = 1024 * 1024; bytes >= 4096; ) {
    try {
      writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      bytes /= 2
    }
  }
}
