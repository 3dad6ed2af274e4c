import { UploadError } from '../errors.ts'
import type { StartedIngest } from '../shapes.ts'

/** Part URLs, and how long they are good, in ms. */
export interface UrlBatch {
  readonly part_urls: StartedIngest['files'][number]['part_urls']
  readonly lastsMs: number
}

/** Renewing more often than this helps nobody, whatever the clocks say. */
const LEAST_LIFE_MS = 2000

/**
 * The part URLs of one file. They are renewed when half their life is over, which keeps the upload itself alive too: the
 * service drops it when its URLs expire.
 */
export class PartUrls {
  readonly #renewal: () => Promise<UrlBatch>
  readonly #urls = new Map<number, string>()
  /** By `performance.now()`. */
  #renewAt = Number.NEGATIVE_INFINITY
  #renewing: Promise<void> | undefined

  /** `renewal` asks for URLs of all parts that have not arrived. */
  constructor(renewal: () => Promise<UrlBatch>, first?: UrlBatch) {
    this.#renewal = renewal
    if (first !== undefined) this.#keep(first)
  }

  /** The URL of a part, good for a while. */
  async of(partNumber: number): Promise<string> {
    await this.keepAlive()
    const url = this.#urls.get(partNumber)
    if (url !== undefined) return url
    throw new UploadError({ code: 'UNEXPECTED_ANSWER', message: `The service gave no URL for part ${partNumber}` })
  }

  /** Another URL of a part than the one that was refused. */
  async insteadOf(partNumber: number, refused: string): Promise<string> {
    if (this.#urls.get(partNumber) === refused) await this.#renew()
    return this.of(partNumber)
  }

  /** Renews the URLs if their time has come. */
  async keepAlive(): Promise<void> {
    if (performance.now() >= this.#renewAt) await this.#renew()
  }

  /** Once for all who need it at the same time. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewal()
      .then((batch) => this.#keep(batch))
      .finally(() => {
        this.#renewing = undefined
      })
    return this.#renewing
  }

  #keep({ part_urls, lastsMs }: UrlBatch): void {
    for (const { part_number, url } of part_urls) this.#urls.set(part_number, url)
    this.#renewAt = performance.now() + Math.max(lastsMs, LEAST_LIFE_MS) / 2
  }
}
