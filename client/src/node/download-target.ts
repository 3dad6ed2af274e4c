import { createHash, type Hash, randomUUID } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { codeOf } from './download-faults.ts'

/** What lies at a path, without following a link; undefined when nothing does. */
export async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return undefined
    throw failure
  }
}

/** The SHA-256 of a file, in hex. */
export async function sha256Of(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}

/**
 * Makes the folders that lead to a file, one after the other. The first, `root`, may be a link, as whoever asked for the
 * download named it; those below may not, as a link would lead out of it. Throws when one of them is no folder.
 */
export async function makeFolders(root: string, names: readonly string[]): Promise<void> {
  await mkdir(root, { recursive: true })
  let path = root
  for (const name of names) {
    path = join(path, name)
    await mkdir(path).catch(unless('EEXIST'))
    const stats = await lstat(path)
    if (!stats.isDirectory())
      throw new Error(`${path} is ${stats.isSymbolicLink() ? 'a link' : 'a file'}, not a folder`)
  }
}

/** A file that grows under another name beside its place and takes it only when it is whole. */
export class PendingFile implements AsyncDisposable {
  /** Its place. */
  readonly path: string
  readonly #tempPath: string
  readonly #handle: FileHandle
  #hash: Hash = createHash('sha256')
  #sizeBytes = 0

  private constructor(path: string, tempPath: string, handle: FileHandle) {
    this.path = path
    this.#tempPath = tempPath
    this.#handle = handle
  }

  /** Opens a file for the one at `path`, whose folder is there. */
  static async open(path: string): Promise<PendingFile> {
    // Short, whatever the length of the file's own name, and opened so that it cannot be one that was there.
    const tempPath = join(dirname(path), `.longshore-${randomUUID()}.part`)
    return new PendingFile(path, tempPath, await open(tempPath, 'wx'))
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** The SHA-256 of what was written, in hex; nothing can be written after it. */
  digest(): string {
    return this.#hash.digest('hex')
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(
        chunk,
        written,
        chunk.length - written,
        this.#sizeBytes + written,
      )
      written += bytesWritten
    }
    this.#hash.update(chunk)
    this.#sizeBytes += chunk.length
  }

  /** Forgets what was written. */
  async startOver(): Promise<void> {
    await this.#handle.truncate(0)
    this.#hash = createHash('sha256')
    this.#sizeBytes = 0
  }

  /**
   * Puts the file in its place, written through to the disk, so that a power cut leaves either nothing there or all of
   * it. Without `overwrite` it throws with the code `EEXIST` when something has appeared there meanwhile.
   */
  async moveIntoPlace(overwrite: boolean): Promise<void> {
    await this.#handle.sync()
    await this.#handle.close()
    if (overwrite) await rename(this.#tempPath, this.path)
    else await linkOrRename(this.#tempPath, this.path)
  }

  /** Closes it and removes what is left under its temporary name. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close().catch(() => {})
    await rm(this.#tempPath, { force: true })
  }
}

/** A link never replaces a file, other than a rename; but not every file system has links. */
async function linkOrRename(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (failure) {
    if (codeOf(failure) === 'EEXIST') throw failure
    await rename(from, to)
  }
}

/** Takes a failure of one code as success. */
function unless(code: string) {
  return (failure: unknown): void => {
    if (codeOf(failure) !== code) throw failure
  }
}
