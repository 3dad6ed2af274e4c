import { existsSync, type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../base/errors.ts'
import type { Component } from '../base/lifecycle.ts'
import type { AccessList } from './access-list.ts'
import { splitEntries } from './entry.ts'

/** What watching needs. */
export interface KeysFileParts {
  path: string
  access: AccessList
  /** Hears what the file holds, before any of it counts: none of it may stand in a log. */
  learn(entries: readonly string[]): void
  /** Hears that the entries changed, and how many keys there are now. */
  onChange(keys: number): void
  /** Hears that the file cannot be read or used. The keys stay as they were: nobody is locked out, or in, by a slip. */
  onFault(fault: Error): void
}

/**
 * Takes over what changes in the file of the keys. The folder is watched, because editors and Kubernetes put a new file
 * in the place of the old one; and the file itself, because Docker mounts it alone, and what is written to it outside
 * does not happen in the folder that is seen inside. A file system that tells of no changes is read again by
 * {@link KeysFile.read}.
 */
export class KeysFile implements Component {
  readonly #parts: KeysFileParts
  #folderWatcher: FSWatcher | undefined
  #fileWatcher: FSWatcher | undefined
  #reading: Promise<void> | undefined
  #isStale = false
  #text: string | undefined

  constructor(parts: KeysFileParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    this.#folderWatcher = this.#watch(dirname(this.#parts.path))
    await this.read()
  }

  async stop(): Promise<void> {
    this.#folderWatcher?.close()
    await this.#reading
    this.#fileWatcher?.close()
  }

  /** Reads the file, and once more when it changes meanwhile. Never rejects. */
  read(): Promise<void> {
    this.#isStale = true
    this.#reading ??= this.#readUntilFresh()
    return this.#reading
  }

  #watch(path: string): FSWatcher | undefined {
    const { onFault } = this.#parts
    try {
      return watch(path, { persistent: false }, () => void this.read()).on('error', onFault)
    } catch (failure) {
      onFault(new Error(`${path} cannot be watched: ${messageOf(failure)}. Restart the service to change its keys.`))
      return undefined
    }
  }

  async #readUntilFresh(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false
      this.#followFile()
      await this.#readOnce()
    }
    this.#reading = undefined
  }

  /** Watches whichever file has the name now, before it is read, so that no change falls between. */
  #followFile(): void {
    this.#fileWatcher?.close()
    this.#fileWatcher = existsSync(this.#parts.path) ? this.#watch(this.#parts.path) : undefined
  }

  async #readOnce(): Promise<void> {
    const { path, access, learn, onChange, onFault } = this.#parts
    try {
      const text = await readFile(path, 'utf8')
      if (text === this.#text) return
      const isFirst = this.#text === undefined
      this.#text = text
      const entries = splitEntries(text)
      learn(entries)
      access.replace(entries)
      if (!isFirst) onChange(access.keys.length)
    } catch (failure) {
      onFault(new Error(`API_KEYS_FILE cannot be used, so the keys stay as they were: ${messageOf(failure)}.`))
    }
  }
}
