import type { Supply } from './source.ts'
import type { UploadProgress } from './upload-options.ts'

/** Counts what has arrived and tells it. */
export class Tally {
  readonly #onProgress: ((progress: UploadProgress) => void) | undefined
  readonly #totals: { totalBytes: number; totalFiles: number }
  #sentBytes = 0
  #sentFiles = 0

  constructor(supplies: readonly Supply[], onProgress: ((progress: UploadProgress) => void) | undefined) {
    this.#onProgress = onProgress
    const totalBytes = supplies.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    this.#totals = { totalBytes, totalFiles: supplies.length }
  }

  /** Bytes have arrived, and with them maybe the last of a file. */
  add(bytes: number, files: number): void {
    this.#sentBytes += bytes
    this.#sentFiles += files
    this.report()
  }

  report(): void {
    this.#onProgress?.({ sentBytes: this.#sentBytes, sentFiles: this.#sentFiles, ...this.#totals })
  }
}
