import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { UploadError } from '../errors.ts'

/**
 * The files in a folder and in the folders in it, as relative paths with `/`, in order. Links to files that lie in the
 * folder too are followed; links to folders, and links that lead out of it or nowhere, are left out.
 */
export async function filesBelow(folder: string): Promise<string[]> {
  const root = await realpath(folder).catch((cause) => refuse(folder, cause))
  const files: string[] = []
  const open = ['']
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const entries = await readdir(join(root, at), { withFileTypes: true }).catch((cause) =>
      refuse(join(root, at), cause),
    )
    for (const entry of entries) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`
      if (entry.isDirectory()) open.push(path)
      else if (await isFileOf(root, path, entry)) files.push(path)
    }
  }
  // The same order everywhere: an upload begun again with the same key must announce the same.
  return files.sort()
}

async function isFileOf(root: string, path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile()
  try {
    const target = await realpath(join(root, path))
    return target.startsWith(root + sep) && (await stat(target)).isFile()
  } catch {
    return false
  }
}

function refuse(folder: string, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause)
  throw new UploadError({ code: 'SOURCE_UNREADABLE', message: `The folder ${folder} cannot be read: ${why}`, cause })
}
