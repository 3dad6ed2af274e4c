import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LongshoreError, messageOf, systemCodeOf } from '../base/errors.ts'

const MIN_CHARACTERS = 32

/**
 * The secret that signs the local store's URLs, from `<folder>/signing-secret`. The first call makes it, readable by its
 * owner alone; URLs that were handed out stay good after a restart. Blocks, as it is read once before anything runs.
 * Throws `DATA_DIR_UNUSABLE` when it cannot be read, made or is too short.
 */
export function loadSigningSecret(folder: string): string {
  const path = join(folder, 'signing-secret')
  try {
    const secret = readSecret(path) ?? makeSecret(folder, path)
    if (secret.length >= MIN_CHARACTERS) return secret
  } catch (failure) {
    const detail = `The signing secret ${path} can be neither read nor made: ${messageOf(failure)}. DATA_DIR must be a folder that this user may write to.`
    throw new LongshoreError('DATA_DIR_UNUSABLE', detail, { cause: failure })
  }
  const detail = `The signing secret ${path} has fewer than ${MIN_CHARACTERS} characters. Remove it to have a new one made.`
  throw new LongshoreError('DATA_DIR_UNUSABLE', detail)
}

function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (failure) {
    if (systemCodeOf(failure) === 'ENOENT') return undefined
    throw failure
  }
}

/** Written aside and linked: the file is whole from its first moment, and of two processes one wins for both. */
function makeSecret(folder: string, path: string): string {
  mkdirSync(folder, { recursive: true })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeDurably(draft, `${randomBytes(32).toString('base64url')}\n`)
    linkSync(draft, path)
  } catch (failure) {
    if (systemCodeOf(failure) !== 'EEXIST') throw failure
  } finally {
    rmSync(draft, { force: true })
  }
  return readSecret(path) ?? ''
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
