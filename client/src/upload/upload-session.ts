import { boundOf, eachBounded } from '../bounded.ts'
import { ApiError } from '../errors.ts'
import { freshKey } from '../fresh-key.ts'
import type { Stop } from '../stop.ts'
import type { Cargo, Shipment } from './cargo.ts'
import { discard } from './discard.ts'
import { announce, type OpenedUpload, resumeUpload, startUpload, type UploadGround } from './open-upload.ts'
import { holds } from './received-parts.ts'
import type { Supply } from './source.ts'
import { Tally } from './tally.ts'
import { uploadFailure } from './upload-failure.ts'
import type { UploadOptions } from './upload-options.ts'

/**
 * One upload from its start to the queued job. All parts of all files go first and are put together at the end: until
 * then the service can tell every part it has, so that an upload cut off can be resumed part by part.
 */
export class UploadSession {
  readonly #ground: UploadGround
  readonly #supplies: readonly Supply[]
  readonly #options: UploadOptions
  readonly #stop: Stop
  readonly #tally: Tally
  #jobId: string | undefined
  #completing = false
  /** Starts the upload with the same key once more, which says which it is. */
  #startAgain: ((signal: AbortSignal) => Promise<string>) | undefined

  constructor(ground: UploadGround, supplies: readonly Supply[], options: UploadOptions, stop: Stop) {
    this.#ground = ground
    this.#supplies = supplies
    this.#options = options
    this.#stop = stop
    this.#tally = new Tally(supplies, options.onProgress)
    this.#jobId = options.resume
  }

  /** The id of the job, as soon as it is known. */
  get jobId(): string | undefined {
    return this.#jobId
  }

  async run(): Promise<string> {
    this.#stop.signal.throwIfAborted()
    const bound = boundOf(this.#options.concurrency ?? 4)
    const { jobId, expiresAt, cargoes } = await this.#open()
    this.#jobId = jobId
    this.#options.onStarted?.(jobId, expiresAt)
    this.#tally.report()
    const open = cargoes.filter((cargo) => !this.#isDone(cargo))
    await this.#each(
      bound,
      shipments(open, this.#stop.signal),
      ({ cargo }) => cargo,
      (shipment) => this.#ship(shipment),
    )
    this.#completing = open.length > 0
    await this.#each(
      bound,
      open.values(),
      (cargo) => cargo,
      (cargo) => this.#complete(jobId, cargo),
    )
    return jobId
  }

  /** Leaves nothing behind on the service, as far as it can be reached. */
  discard(): Promise<void> {
    const findJobId = async (signal: AbortSignal) => this.#jobId ?? this.#startAgain?.(signal)
    return discard(this.#ground.calls, { findJobId, mayBeJob: this.#completing })
  }

  async #open(): Promise<OpenedUpload> {
    const { resume, idempotencyKey = freshKey(), job, parameters, sha256 = false } = this.#options
    const { signal } = this.#stop
    const { calls, digests } = this.#ground
    if (resume !== undefined) return resumeUpload(this.#ground, this.#supplies, resume, signal)
    const body = await announce(this.#supplies, { ...job, parameters }, sha256 ? digests : undefined, signal)
    this.#startAgain = async (again) => (await calls.start(body, idempotencyKey, again)).job_id
    return startUpload(this.#ground, this.#supplies, body, idempotencyKey, signal)
  }

  #isDone({ earlier, supply }: Cargo): boolean {
    if (earlier.isComplete) this.#tally.add(supply.sizeBytes, 1)
    return earlier.isComplete
  }

  /** Works on a few at once; the first failure stops all, and says which file it was. */
  async #each<Item>(
    bound: number,
    items: AsyncGenerator<Item, void> | Iterator<Item>,
    cargoOf: (item: Item) => Cargo,
    action: (item: Item) => Promise<void>,
  ): Promise<void> {
    await eachBounded(items, bound, this.#stop, async (item) => {
      try {
        await action(item)
      } catch (failure) {
        throw uploadFailure(failure, { filename: cargoOf(item).supply.name })
      }
    })
  }

  async #ship(shipment: Shipment): Promise<void> {
    const { cargo, span } = shipment
    const etag = await this.#arrival(shipment)
    const isWhole = cargo.arrived(span.number, etag)
    this.#tally.add(span.end - span.start, isWhole ? 1 : 0)
  }

  /** The ETag of a part: of the one that is there already, or of the one that is sent. */
  async #arrival({ cargo, span, take }: Shipment): Promise<string> {
    const { parts, isTrusted } = cargo.earlier
    const received = parts.get(span.number)
    if (received !== undefined && isTrusted && received.sizeBytes === span.end - span.start) return received.etag
    const piece = await take()
    if (received !== undefined && (await holds(received, piece, this.#ground.digests))) return received.etag
    const put = (url: string): Promise<string> => this.#ground.calls.putPart(url, piece, this.#stop.signal)
    const url = await cargo.urls.of(span.number)
    try {
      return await put(url)
    } catch (failure) {
      // Expired, as the service or the store sees it: once more with another.
      if (!(failure instanceof ApiError && failure.status === 403)) throw failure
      return await put(await cargo.urls.insteadOf(span.number, url))
    }
  }

  async #complete(jobId: string, cargo: Cargo): Promise<void> {
    const { target, supply } = cargo
    await cargo.urls.keepAlive()
    const file = { ...target, sizeBytes: supply.sizeBytes }
    await this.#ground.calls.complete(jobId, file, cargo.list(), this.#stop.signal)
  }
}

async function* shipments(cargoes: readonly Cargo[], signal: AbortSignal): AsyncGenerator<Shipment, void> {
  for (const cargo of cargoes) yield* cargo.shipments(signal)
}
