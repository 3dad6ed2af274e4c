import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LongshoreError, messageOf } from '../base/errors.ts'
import { syncFolder, unless } from './disk.ts'

const MIN_CHARACTERS = 32

/**
 * The secret that signs the local store's URLs, from `<folder>/signing-secret`. The first call makes it, readable by its
 * owner alone; URLs that were handed out stay good after a restart. Throws `DATA_DIR_UNUSABLE` when it cannot be read,
 * made or is too short.
 */
export async function loadSigningSecret(folder: string): Promise<string> {
  const path = join(folder, 'signing-secret')
  try {
    const secret = (await readSecret(path)) ?? (await makeSecret(folder, path))
    if (secret.length >= MIN_CHARACTERS) return secret
  } catch (failure) {
    const detail = `The signing secret ${path} can be neither read nor made: ${messageOf(failure)}.`
    throw new LongshoreError('DATA_DIR_UNUSABLE', detail, { cause: failure })
  }
  const detail = `The signing secret ${path} has fewer than ${MIN_CHARACTERS} characters. Remove it to have a new one made.`
  throw new LongshoreError('DATA_DIR_UNUSABLE', detail)
}

async function readSecret(path: string): Promise<string | undefined> {
  return (await unless(['ENOENT'], readFile(path, 'utf8')))?.trim()
}

/** Written aside and linked: the file is whole from its first moment, and of two processes one wins for both. */
async function makeSecret(folder: string, path: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(`${randomBytes(32).toString('base64url')}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await unless(['EEXIST'], link(draft, path))
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(folder)
  return (await readSecret(path)) ?? ''
}
