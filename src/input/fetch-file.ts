import { LongshoreError } from '../base/errors.ts'
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts'
import { notFound, tooLarge } from './input-faults.ts'
import { LocalFile } from './local-file.ts'
import { Patience, type PatienceOptions } from './patience.ts'
import type { SurveyedFile } from './survey.ts'

/** What fetching one file takes. */
export interface FileFetchOptions extends PatienceOptions {
  store: ObjectStore
  /** Largest file. */
  maxBytes: number
  /** Hears of bytes as they arrive; negative when the object changed and the fetch starts over. */
  onBytes: (bytes: number) => void
}

/** How often an object may change while it is fetched before it is left for a later attempt. */
const MAX_CHANGES = 3

/**
 * Fetches an object into a file. After a broken connection it goes on where it stopped, provided the object is still the
 * same; else it starts over. Answers the ETag and size of what was fetched.
 *
 * Throws `INPUT_NOT_FOUND`, `INPUT_DIGEST_MISMATCH`, `FILE_TOO_LARGE`, `STORAGE_FULL`, `STORE_UNAVAILABLE`.
 */
export async function fetchFile(
  file: SurveyedFile,
  path: string,
  options: FileFetchOptions,
): Promise<{ etag: string; sizeBytes: number }> {
  await using local = new LocalFile(path, { sha256: file.entry.sha256 !== undefined })
  const fetch = new FileFetch(file, local, options)
  return await fetch.run()
}

class FileFetch {
  readonly #file: SurveyedFile
  readonly #local: LocalFile
  readonly #options: FileFetchOptions
  readonly #patience: Patience
  #etag: string | undefined
  #sizeBytes: number
  #changes = 0

  constructor(file: SurveyedFile, local: LocalFile, options: FileFetchOptions) {
    this.#file = file
    this.#local = local
    this.#options = options
    this.#patience = new Patience(options)
    this.#etag = file.etag
    this.#sizeBytes = file.sizeBytes
  }

  async run(): Promise<{ etag: string; sizeBytes: number }> {
    let whole = false
    while (!whole) {
      whole = await this.#readOn().catch((failure: unknown) => this.#recover(failure))
    }
    this.#checkDigest()
    return { etag: this.#etag ?? '', sizeBytes: this.#sizeBytes }
  }

  /** Reads from where it stopped to the object's end; answers true. */
  async #readOn(): Promise<true> {
    const { store, signal } = this.#options
    const start = this.#local.sizeBytes
    // The connection may have broken after the last byte: then there is no range left to ask for.
    if (start > 0 && start === this.#sizeBytes) return true
    const { info, body } = await store.get(this.#file.ref, {
      signal,
      ...(this.#etag !== undefined && { ifMatch: this.#etag }),
      ...(start > 0 && { range: { start } }),
    })
    try {
      this.#learn(info)
      await this.#local.append(body, (bytes) => this.#hear(bytes))
    } finally {
      body.destroy()
    }
    if (this.#local.sizeBytes === this.#sizeBytes) return true
    throw new Error(`the body ended after ${this.#local.sizeBytes} of ${this.#sizeBytes} bytes`)
  }

  #learn({ etag, sizeBytes }: ObjectInfo): void {
    this.#etag = etag
    this.#sizeBytes = sizeBytes
    const { maxBytes } = this.#options
    if (sizeBytes > maxBytes) throw tooLarge(this.#file.entry.uri, sizeBytes, maxBytes)
  }

  #hear(bytes: number): void {
    this.#patience.restore()
    this.#options.onBytes(bytes)
  }

  /** Waits, or forgets what was read; answers false, as there is more to read. Throws when trying again is of no use. */
  async #recover(failure: unknown): Promise<false> {
    const { uri } = this.#file.entry
    this.#options.signal.throwIfAborted()
    const code = failure instanceof LongshoreError ? failure.code : undefined
    if (code === 'OBJECT_NOT_FOUND') throw notFound(uri)
    if (code === 'PRECONDITION_FAILED' || code === 'RANGE_NOT_SATISFIABLE') return this.#startOver()
    if (this.#local.sizeBytes > this.#sizeBytes) return this.#startOver()
    await this.#patience.endure(failure, `Fetching ${uri}`)
    return false
  }

  async #startOver(): Promise<false> {
    this.#changes += 1
    if (this.#changes > MAX_CHANGES) throw keepsChanging(this.#file.entry.uri)
    this.#options.onBytes(-this.#local.sizeBytes)
    this.#etag = undefined
    await this.#local.startOver()
    return false
  }

  #checkDigest(): void {
    const { uri, sha256: expected } = this.#file.entry
    const got = this.#local.sha256()
    if (expected === undefined || got === expected) return
    throw new LongshoreError(
      'INPUT_DIGEST_MISMATCH',
      `The bytes of ${uri} have the SHA-256 ${got}, the manifest says ${expected}.`,
    )
  }
}

function keepsChanging(uri: string): LongshoreError {
  const detail = `The input file ${uri} was overwritten ${MAX_CHANGES} times while it was fetched.`
  return new LongshoreError('PRECONDITION_FAILED', detail, { retryable: true })
}
