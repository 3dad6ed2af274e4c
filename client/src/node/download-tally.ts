/** How far a download has come. What was there already counts as received. */
export interface DownloadProgress {
  /** Less than before when an object has changed meanwhile and is read anew. */
  readonly receivedBytes: number
  readonly totalBytes: number
  readonly receivedFiles: number
  readonly totalFiles: number
}

/** Bytes arrive in small pieces; nobody looks more often. */
const REPORT_MS = 100

/** Counts what arrives, and tells it: at the start, ten times a second at most while bytes arrive, and after every file. */
export class DownloadTally {
  readonly #progress: { -readonly [Name in keyof DownloadProgress]: DownloadProgress[Name] }
  readonly #report: ((progress: DownloadProgress) => void) | undefined
  #reportedAt = 0

  constructor(sizes: readonly number[], report: ((progress: DownloadProgress) => void) | undefined) {
    const totalBytes = sizes.reduce((sum, size) => sum + size, 0)
    this.#progress = { receivedBytes: 0, totalBytes, receivedFiles: 0, totalFiles: sizes.length }
    this.#report = report
    this.#tell()
  }

  addBytes(bytes: number): void {
    this.#progress.receivedBytes += bytes
    if (performance.now() - this.#reportedAt >= REPORT_MS) this.#tell()
  }

  addFile(): void {
    this.#progress.receivedFiles += 1
    this.#tell()
  }

  #tell(): void {
    this.#reportedAt = performance.now()
    this.#report?.({ ...this.#progress })
  }
}
