import { ApiError, NetworkError } from '../errors.ts'
import { withRetries } from '../retry-policy.ts'
import type { JobOutput } from '../shapes.ts'
import type { Transport } from '../transport.ts'
import { diskFault, downloadFault } from './download-faults.ts'
import type { PendingFile } from './download-target.ts'
import type { OutputUrls } from './output-urls.ts'

/** What fetching an object takes. */
export interface ObjectDownloadParts {
  readonly transport: Pick<Transport, 'follow' | 'retry'>
  readonly urls: Pick<OutputUrls, 'renew'>
  readonly signal: AbortSignal
  /** Hears of bytes as they arrive; negative when what has arrived is of no use. */
  readonly onBytes: (bytes: number) => void
}

/**
 * Fetches an object into a file, to its announced size and digest. After a broken or silent connection it goes on where
 * it stopped, as long as the object is still the same; a URL that has expired is renewed. Answers what was fetched.
 */
export async function downloadObject(
  output: JobOutput,
  file: PendingFile,
  parts: ObjectDownloadParts,
): Promise<JobOutput> {
  const download = new ObjectDownload(output, file, parts)
  const { transport, signal } = parts
  await withRetries(
    transport.retry,
    signal,
    () => download.readOn(),
    () => file.sizeBytes,
  )
  return download.checked()
}

class ObjectDownload {
  readonly #file: PendingFile
  readonly #parts: ObjectDownloadParts
  #output: JobOutput
  /** Of the object whose bytes are in the file. */
  #etag: string | null = null

  constructor(output: JobOutput, file: PendingFile, parts: ObjectDownloadParts) {
    this.#output = output
    this.#file = file
    this.#parts = parts
  }

  /** Reads from where it stopped to the object's end, by one request, or by two when the URL has expired. */
  async readOn(): Promise<void> {
    if (this.#isWhole) return
    try {
      await this.#request()
    } catch (failure) {
      await this.#renew(failure)
      await this.#request()
    }
  }

  /** Throws unless the bytes are those the service has announced. */
  checked(): JobOutput {
    const { uri, sha256 } = this.#output
    const got = this.#file.digest()
    if (got === sha256) return this.#output
    throw downloadFault('DIGEST_MISMATCH', uri, `its bytes have the SHA-256 ${got} instead of ${sha256}`)
  }

  get #isWhole(): boolean {
    return this.#file.sizeBytes === this.#output.size_bytes
  }

  async #request(): Promise<void> {
    const { transport, signal } = this.#parts
    const request = { headers: this.#headers(), signal, once: true }
    await transport.follow(this.#output.url, request, (response) => this.#take(response))
    if (this.#isWhole) return
    const message = `The answer ended after ${this.#file.sizeBytes} of ${this.#output.size_bytes} bytes`
    throw new NetworkError({ code: 'UNREACHABLE', message, retryable: true })
  }

  #headers(): Record<string, string> {
    // Bytes as they lie in the store: a size and a digest are of those.
    const headers = { 'accept-encoding': 'identity' }
    if (this.#file.sizeBytes === 0 || this.#etag === null) return headers
    return { ...headers, range: `bytes=${this.#file.sizeBytes}-`, 'if-range': this.#etag }
  }

  async #take(response: Response): Promise<void> {
    if (!this.#continues(response)) await this.#startOver(response)
    this.#etag = strongEtag(response)
    for await (const chunk of response.body ?? []) await this.#append(chunk)
  }

  async #append(chunk: Uint8Array): Promise<void> {
    const { uri, size_bytes } = this.#output
    if (this.#file.sizeBytes + chunk.length > size_bytes) {
      throw downloadFault('SIZE_MISMATCH', uri, `it is longer than the ${size_bytes} bytes it should have`)
    }
    await this.#file.append(chunk).catch((failure: unknown) => Promise.reject(diskFault(uri, this.#file.path, failure)))
    this.#parts.onBytes(chunk.length)
  }

  /** Whether an answer begins where the file ends. Not every store heeds `If-Range`, so the ETag is compared too. */
  #continues(response: Response): boolean {
    const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
    const begins = response.status === 206 ? Number(start) : 0
    return begins === this.#file.sizeBytes && (begins === 0 || strongEtag(response) === this.#etag)
  }

  async #startOver(response: Response): Promise<void> {
    this.#parts.onBytes(-this.#file.sizeBytes)
    await this.#file.startOver()
    if (response.status !== 206) return
    // The rest of another object than the one whose beginning was here: the next request asks for all of it.
    await response.body?.cancel()
    throw new NetworkError({ code: 'UNREACHABLE', message: 'The object has changed meanwhile', retryable: true })
  }

  /** Gets another URL when a store has refused this one; throws any other failure. */
  async #renew(failure: unknown): Promise<void> {
    if (!(failure instanceof ApiError) || failure.status !== 403) throw failure
    this.#output = await this.#parts.urls.renew(this.#output)
  }
}

/** Only a strong one says that the bytes are the same. */
function strongEtag(response: Response): string | null {
  const etag = response.headers.get('etag')
  return etag?.startsWith('"') ? etag : null
}
