import type { BigIntStats } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { systemCodeOf } from '../base/errors.ts'
import { exists, makeFolders, syncFolder, unless } from './disk.ts'
import { FileLooks } from './file-looks.ts'
import { blockedName, keyToComponents } from './key-paths.ts'
import type { ObjectRef } from './object-uri.ts'
import { Turnstile } from './turnstile.ts'

const NOT_THERE = ['ENOENT', 'ENOTDIR']

/** How often an object's folder may vanish because another process emptied it, before the object is given up. */
const PLACE_TRIES = 10

/** An object's file, open: it stays readable when the object is overwritten or removed. */
export interface OpenFile {
  handle: FileHandle
  stats: BigIntStats
}

/**
 * The folders of the buckets and the objects' files in them. An object lies at its plain path, or, while a folder has
 * that name, beside it under the blocked name; once there it stays until it is deleted, so that a reader who looks at
 * the plain path first and at the blocked one next never misses it.
 */
export class ObjectTree {
  readonly root: string
  /** Folders are made and removed by one action at a time: a delete must not take the folder a put has just made. */
  readonly #changes = new Turnstile()
  readonly #looks: FileLooks

  constructor(root: string) {
    this.root = resolve(root)
    this.#looks = new FileLooks(this.root)
  }

  /** Opens an object for reading; undefined when it is not there. */
  async open(ref: ObjectRef): Promise<OpenFile | undefined> {
    const path = this.pathOf(ref)
    return (await openFile(path)) ?? (await openFile(blockedName(path)))
  }

  /** What the file system knows of an object; undefined when it is not there. */
  async stat(ref: ObjectRef): Promise<BigIntStats | undefined> {
    const path = this.pathOf(ref)
    const found = fileOf(await this.#looks.at(ref.bucket, path))
    return found ?? fileOf(await this.#looks.at(ref.bucket, blockedName(path)))
  }

  /** Makes a finished, synced file the object, durably and in one step. */
  async place(file: string, ref: ObjectRef): Promise<void> {
    const path = this.pathOf(ref)
    await this.#changes.pass(() => this.#moveIn(file, ref.bucket, path))
    await unless(NOT_THERE, syncFolder(dirname(path)))
  }

  /** Removes objects and the folders this empties, durably. Those that are not there are passed over. */
  async remove(refs: readonly ObjectRef[]): Promise<void> {
    const changed = new Set<string>()
    for (const ref of refs) {
      const folder = await this.#changes.pass(() => this.#removeOne(ref))
      if (folder !== undefined) changed.add(folder)
    }
    for (const folder of changed) await unless(NOT_THERE, syncFolder(folder))
  }

  /** Where an object lies unless its name is blocked. */
  pathOf(ref: ObjectRef): string {
    return [this.root, ref.bucket, ...keyToComponents(ref.key)].join(sep)
  }

  /** Once more when another process has removed the folder before the file came. */
  async #moveIn(file: string, bucket: string, path: string, tries = PLACE_TRIES): Promise<void> {
    try {
      await this.#makeWay(bucket, path)
      await this.#moveTo(file, path)
    } catch (failure) {
      const isFolderGone = systemCodeOf(failure) === 'ENOENT' && (await exists(file))
      if (!isFolderGone || tries === 1) throw failure
      await this.#moveIn(file, bucket, path, tries - 1)
    }
  }

  async #makeWay(bucket: string, path: string): Promise<void> {
    const folder = dirname(path)
    try {
      await makeFolders(folder)
    } catch (failure) {
      const code = systemCodeOf(failure)
      if (code !== 'EEXIST' && code !== 'ENOTDIR') throw failure
      await this.#unblock(bucket, folder)
      await makeFolders(folder)
    }
  }

  /** Gives an object that stands where a folder must be its blocked name. */
  async #unblock(bucket: string, folder: string): Promise<void> {
    const end = join(this.root, bucket).length
    for (let path = folder; path.length > end; path = dirname(path)) {
      const stats = await unless(NOT_THERE, lstat(path))
      if (!stats?.isFile()) continue
      await rename(path, blockedName(path))
      await mkdir(path)
      await syncFolder(dirname(path))
      return
    }
  }

  async #moveTo(file: string, path: string): Promise<void> {
    if (await exists(blockedName(path))) return rename(file, blockedName(path))
    try {
      await rename(file, path)
    } catch (failure) {
      if (systemCodeOf(failure) !== 'EISDIR') throw failure
      await rename(file, blockedName(path))
    }
  }

  /** Answers the folder that lost an entry; undefined when nothing was removed. */
  async #removeOne(ref: ObjectRef): Promise<string | undefined> {
    const path = this.pathOf(ref)
    const removed = [await unlinkFile(path), await unlinkFile(blockedName(path))]
    if (!removed.includes(true)) return undefined
    const bucketFolder = join(this.root, ref.bucket)
    let folder = dirname(path)
    while (folder !== bucketFolder && (await removeIfEmpty(folder))) folder = dirname(folder)
    return folder
  }
}

async function openFile(path: string): Promise<OpenFile | undefined> {
  const handle = await unless(NOT_THERE, open(path, 'r'))
  if (!handle) return undefined
  try {
    const stats = await handle.stat({ bigint: true })
    if (stats.isFile()) return { handle, stats }
  } catch (failure) {
    await handle.close()
    throw failure
  }
  await handle.close()
  return undefined
}

function fileOf(stats: BigIntStats | undefined): BigIntStats | undefined {
  return stats?.isFile() ? stats : undefined
}

async function unlinkFile(path: string): Promise<boolean> {
  return (
    (await unless(
      [...NOT_THERE, 'EISDIR'],
      unlink(path).then(() => true),
    )) ?? false
  )
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  return (
    (await unless(
      ['ENOTEMPTY', 'EEXIST', 'ENOENT'],
      rmdir(folder).then(() => true),
    )) ?? false
  )
}
