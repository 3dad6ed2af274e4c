import { readFile } from 'node:fs/promises'
import { readEntries } from '../../access/access-list.ts'
import type { ApiKey } from '../../access/api-key.ts'
import { EntryFault, splitEntries } from '../../access/entry.ts'
import { messageOf } from '../../base/errors.ts'
import { UsageError } from '../failures.ts'

/** The keys of a file of entries, or of the configuration. Throws `UsageError` that says what is wrong with an entry. */
export async function readKeys(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly ApiKey[]> {
  const text = file === undefined ? await configured(env) : await readText(file)
  try {
    return [...readEntries(splitEntries(text)).keys.values()]
  } catch (fault) {
    throw fault instanceof EntryFault ? new UsageError(fault.message) : fault
  }
}

/** As the service would find them; a file is read here, so that a wrong entry in it is told. */
async function configured(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const { givenSettings } = await import('../../config.ts')
  const { API_KEYS, API_KEYS_FILE } = givenSettings(env)
  return API_KEYS_FILE ? readText(API_KEYS_FILE) : (API_KEYS ?? '')
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((failure) => {
    throw new UsageError(`the file of keys cannot be read: ${messageOf(failure)}`)
  })
}
