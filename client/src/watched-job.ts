import type { Reader } from './answers.ts'
import type { Typing } from './processor-shape.ts'
import type { Job } from './shapes.ts'
import type { Request, Transport } from './transport.ts'

/** What one reading of a job gave. */
interface Reading<T extends Typing> {
  readonly job: Job<T>
  /** Whether the job is another than at the reading before. */
  readonly isNews: boolean
}

/** A job that is read again and again, and told of whenever its state or progress is another than before. */
export class WatchedJob<T extends Typing> {
  readonly #transport: Transport
  readonly #read: Reader<Job<T>>
  readonly #onChange: ((job: Job<T>) => void) | undefined
  readonly path: string
  readonly signal: AbortSignal
  #etag: string | undefined
  #view: string | undefined
  /** The job as last read. */
  job: Job<T> | undefined

  constructor(
    transport: Transport,
    path: string,
    read: Reader<Job<T>>,
    signal: AbortSignal,
    onChange?: (job: Job<T>) => void,
  ) {
    this.#transport = transport
    this.path = path
    this.#read = read
    this.signal = signal
    this.#onChange = onChange
  }

  /** The id of the last event that the job, as last read, had seen: the service names it in the ETag. 0 when it did not. */
  get version(): number {
    return Number(/^(?:W\/)?"(\d{1,15})"$/.exec(this.#etag ?? '')?.[1] ?? 0)
  }

  /** Reads the job as it is now. */
  read(): Promise<Reading<T>> {
    return this.#ask(this.path, {})
  }

  /** Reads the job once it has changed since the last reading, or so many seconds have passed. Tried once. */
  readWhenChanged(seconds: number): Promise<Reading<T>> {
    const headers: Record<string, string> = this.#etag === undefined ? {} : { 'if-none-match': this.#etag }
    const tryTimeoutMs = seconds * 1000 + this.#transport.retry.tryMs
    return this.#ask(`${this.path}?wait=${seconds}`, { headers, tryTimeoutMs, once: true })
  }

  async #ask(path: string, request: Request): Promise<Reading<T>> {
    const { job, etag } = await this.#transport.ask(path, { ...request, signal: this.signal }, async (response) => {
      if (response.status === 304 && this.job !== undefined) return { job: this.job, etag: this.#etag }
      return { job: await this.#read(response), etag: response.headers.get('etag') ?? undefined }
    })
    const isNews = etag !== this.#etag || viewOf(job) !== this.#view
    this.#etag = etag
    this.job = job
    this.#tell(job)
    return { job, isNews }
  }

  #tell(job: Job<T>): void {
    const view = viewOf(job)
    if (view === this.#view) return
    this.#view = view
    this.#onChange?.(job)
  }
}

/** What a change is told of. */
function viewOf({ status, progress, attempt, cancel_requested_at }: Job): string {
  return JSON.stringify([status, progress, attempt, cancel_requested_at])
}
