import { access, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LongshoreError, messageOf, systemCodeOf } from '../base/errors.ts'

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT'])

/** Runs disk work and puts what the system says into the store's terms; errors that are ours pass as they are. */
export async function onDisk<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (failure) {
    throw diskFailure(failure)
  }
}

/** The store's word for what the file system said. */
export function diskFailure(failure: unknown): unknown {
  const code = systemCodeOf(failure)
  if (code === undefined || failure instanceof LongshoreError) return failure
  if (FULL.has(code)) {
    const detail = `The disk of the local object store is full (${code}). Free space and try again.`
    return new LongshoreError('STORAGE_FULL', detail, { cause: failure })
  }
  const detail = `The local object store cannot use its folder: ${messageOf(failure)}.`
  return new LongshoreError('STORE_UNAVAILABLE', detail, { cause: failure })
}

/** Answers undefined instead of failing with one of these system codes. */
export async function unless<Result>(codes: readonly string[], work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (failure) {
    if (codes.includes(systemCodeOf(failure) ?? '')) return undefined
    throw failure
  }
}

/** Whether something lies at the path. */
export async function exists(path: string): Promise<boolean> {
  const found = access(path).then(() => true)
  return (await unless(['ENOENT', 'ENOTDIR'], found)) ?? false
}

/** Writes a folder's entries to disk: only then does a file made, renamed or removed in it stay so after a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a folder and those above it, durably. */
export async function makeFolders(path: string): Promise<void> {
  const topmost = await mkdir(path, { recursive: true })
  if (topmost === undefined) return
  for (let folder = path; folder.length >= topmost.length; folder = dirname(folder)) await syncFolder(dirname(folder))
}
