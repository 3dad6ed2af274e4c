import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareUtf8 } from '../base/utf8-order.ts'
import { unless } from './disk.ts'
import { keyToComponents, readComponent } from './key-paths.ts'
import type { ObjectTree } from './object-tree.ts'

/** Sizes are asked for in groups: one after the other, 10,000 objects would cost 10,000 turns of the loop. */
const GROUP = 64

/** A file, or a folder whose keys all begin with `key`. */
interface Entry {
  key: string
  folder: string | undefined
}

/** Lists a bucket in the order of the keys' UTF-8 bytes, one folder at a time, entering only those the prefix allows. */
export async function* listTree(
  tree: ObjectTree,
  bucket: string,
  prefix: string,
): AsyncGenerator<{ key: string; sizeBytes: number }> {
  const lastSlash = prefix.lastIndexOf('/')
  const folders = lastSlash < 0 ? [] : keyToComponents(prefix.slice(0, lastSlash))
  const start = { key: prefix.slice(0, lastSlash + 1), folder: join(tree.root, bucket, ...folders) }
  yield* listFolder({ tree, bucket, prefix }, start.folder, start.key)
}

interface Listing {
  tree: ObjectTree
  bucket: string
  prefix: string
}

async function* listFolder(
  listing: Listing,
  folder: string,
  begins: string,
): AsyncGenerator<{ key: string; sizeBytes: number }> {
  const entries = (await readEntries(folder, begins)).filter(({ key }) => mayMatch(key, listing.prefix))
  entries.sort((a, b) => compareUtf8(a.key, b.key))
  for (let i = 0; i < entries.length; i += GROUP) {
    const group = entries.slice(i, i + GROUP)
    const sizes = await Promise.all(group.map((entry) => sizeOf(listing, entry)))
    for (const [j, entry] of group.entries()) {
      // A name that is being blocked just now may be read twice, as it was and as it is.
      const repeated = entry.folder === undefined && entries[i + j - 1]?.key === entry.key
      const sizeBytes = sizes[j]
      if (entry.folder !== undefined) yield* listFolder(listing, entry.folder, entry.key)
      else if (sizeBytes !== undefined && !repeated) yield { key: entry.key, sizeBytes }
    }
  }
}

/** A file's key must begin with the prefix; a folder's may also be on the way to it. */
function mayMatch(key: string, prefix: string): boolean {
  return key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key))
}

async function sizeOf({ tree, bucket }: Listing, entry: Entry): Promise<number | undefined> {
  if (entry.folder !== undefined) return undefined
  const stats = await tree.stat({ bucket, key: entry.key })
  return stats && Number(stats.size)
}

/**
 * The files and folders of one folder. Names that go on in a folder below are followed at once, because keys of other
 * names may come between theirs. Files that no key leads to, e.g. put there by hand with a bare `%`, are left out.
 */
async function readEntries(folder: string, begins: string): Promise<Entry[]> {
  const found = await unless(['ENOENT', 'ENOTDIR'], readdir(folder, { withFileTypes: true }))
  const entries: Entry[] = []
  for (const item of found ?? []) {
    const meaning = readComponent(item.name)
    if (!meaning) continue
    const path = join(folder, item.name)
    const key = begins + meaning.text
    if (item.isDirectory() && meaning.continues) entries.push(...(await readEntries(path, key)))
    else if (item.isDirectory()) entries.push({ key: `${key}/`, folder: path })
    else if (item.isFile() && !meaning.continues) entries.push({ key, folder: undefined })
  }
  return entries
}
