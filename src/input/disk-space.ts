import { statfs } from 'node:fs/promises'
import { LongshoreError } from '../base/errors.ts'

/** Checks that files of these sizes fit into a folder; throws `STORAGE_FULL` that says how much is missing. */
export async function checkDiskSpace(folder: string, sizes: readonly number[]): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  // A file takes whole blocks: 10,000 files of 1 KiB need 40 MB, not 10.
  const neededBytes = sizes.reduce((sum, sizeBytes) => sum + Math.ceil(sizeBytes / bsize) * bsize, 0)
  const missingBytes = neededBytes - bavail * bsize
  if (missingBytes <= 0) return
  throw new LongshoreError(
    'STORAGE_FULL',
    `The input files need ${neededBytes} bytes, ${missingBytes} more than are free on the disk of the work folder.`,
  )
}

/** Checks that a folder's disk has so much free for an attempt; throws `STORAGE_FULL` that says how much is missing. */
export async function checkScratch(folder: string, scratchBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const missingBytes = scratchBytes - bavail * bsize
  if (missingBytes <= 0) return
  throw new LongshoreError(
    'STORAGE_FULL',
    `The job asks for ${scratchBytes} bytes of scratch, ${missingBytes} more than are free on the disk of the work folder.`,
  )
}
