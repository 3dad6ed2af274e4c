/** How far a fetch is; a type alias, so that it counts as JSON. */
export type FetchProgress = {
  /** From 0 to 100, by bytes; by files when all are empty. */
  percent: number
  files_done: number
  files_total: number
  bytes_done: number
  bytes_total: number
}

/** Adds up what arrives. */
export class FetchTally {
  readonly #onProgress: (progress: FetchProgress) => void
  readonly #filesTotal: number
  readonly #bytesTotal: number
  #filesDone = 0
  #bytesDone = 0

  constructor(files: readonly { sizeBytes: number }[], onProgress: (progress: FetchProgress) => void) {
    this.#onProgress = onProgress
    this.#filesTotal = files.length
    this.#bytesTotal = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  /** Bytes arrived, or with a negative number, are to arrive again. */
  add(bytes: number): void {
    this.#bytesDone += bytes
    this.#tell()
  }

  fileDone(): void {
    this.#filesDone += 1
    this.#tell()
  }

  #tell(): void {
    const [done, total] =
      this.#bytesTotal > 0 ? [this.#bytesDone, this.#bytesTotal] : [this.#filesDone, this.#filesTotal]
    this.#onProgress({
      // An object that grew meanwhile may bring more bytes than were counted.
      percent: Math.min(100, Math.floor((1000 * done) / total) / 10),
      files_done: this.#filesDone,
      files_total: this.#filesTotal,
      bytes_done: this.#bytesDone,
      bytes_total: this.#bytesTotal,
    })
  }
}
