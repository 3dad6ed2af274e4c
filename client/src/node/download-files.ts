import { join, resolve } from 'node:path'
import { boundOf, eachBounded } from '../bounded.ts'
import { DownloadError } from '../errors.ts'
import type { JobOutput } from '../shapes.ts'
import type { Stop } from '../stop.ts'
import { type CallOptions, limitOf, type Transport } from '../transport.ts'
import { asDownloadError, codeOf, quoted } from './download-faults.ts'
import { placementsOf } from './download-layout.ts'
import { downloadObject } from './download-object.ts'
import { type DownloadProgress, DownloadTally } from './download-tally.ts'
import { lookAt, makeFolders, PendingFile, sha256Of } from './download-target.ts'
import { OutputUrls } from './output-urls.ts'

/** How to download. */
export interface DownloadOptions extends CallOptions {
  /**
   * What to do about a file that is there already. By default one of the same size and SHA-256 counts as downloaded, and
   * any other is an error; true replaces it.
   */
  readonly overwrite?: boolean
  /** Files that are fetched at once. Default 8; a `TypeError` below 1. */
  readonly concurrency?: number
  /** Called at the start, some times a second while bytes arrive, and after every file. */
  readonly onProgress?: (progress: DownloadProgress) => void
}

/** A file that is in its place. */
export interface DownloadedFile {
  readonly uri: string
  /** Absolute. */
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
  /** It was there already, so nothing was fetched. */
  readonly skipped: boolean
}

/** What downloads stand on. */
export interface DownloadParts {
  readonly transport: Pick<Transport, 'follow' | 'retry'>
  readonly listOutputs: (jobId: string, options: CallOptions) => Promise<readonly JobOutput[]>
}

/** One object on its way to its place. */
interface Cargo {
  readonly output: JobOutput
  readonly path: string
  readonly folders: readonly string[]
  isThere: boolean
}

/** See `JobClient.downloadFiles`. */
export async function downloadFiles(
  parts: DownloadParts,
  items: readonly (string | JobOutput)[],
  dir: string,
  options: DownloadOptions,
): Promise<DownloadedFile[]> {
  const stop = limitOf(options)
  try {
    return await new Download(parts, resolve(dir), options, stop).run(items)
  } finally {
    stop.release()
  }
}

class Download {
  readonly #parts: DownloadParts
  readonly #root: string
  readonly #options: DownloadOptions
  readonly #stop: Stop
  readonly #urls: OutputUrls
  readonly #bound: number

  constructor(parts: DownloadParts, root: string, options: DownloadOptions, stop: Stop) {
    this.#parts = parts
    this.#root = root
    this.#options = options
    this.#stop = stop
    this.#bound = boundOf(options.concurrency ?? 8)
    this.#urls = new OutputUrls((jobId) => parts.listOutputs(jobId, { signal: stop.signal }))
  }

  /** Everything that can be refused is refused before a byte is fetched. */
  async run(items: readonly (string | JobOutput)[]): Promise<DownloadedFile[]> {
    const cargoes = await this.#load(items)
    await this.#each(cargoes.values(), (cargo) =>
      this.#prepare(cargo).catch((failure: unknown) => this.#fail(cargo, failure)),
    )
    const sizes = cargoes.map(({ output }) => output.size_bytes)
    const tally = new DownloadTally(sizes, (progress) => this.#tell(progress))
    const files: DownloadedFile[] = []
    await this.#each(cargoes.entries(), async ([index, cargo]) => {
      const fetching = cargo.isThere ? skipped(cargo, tally) : this.#fetch(cargo, tally)
      files[index] = await fetching.catch((failure: unknown) => this.#fail(cargo, failure))
      tally.addFile()
    })
    return files
  }

  async #load(items: readonly (string | JobOutput)[]): Promise<Cargo[]> {
    const uris = items.map((item) => (typeof item === 'string' ? item : item.uri))
    const paths = placementsOf(uris).map(({ segments }) => ({
      path: join(this.#root, ...segments),
      folders: segments.slice(0, -1),
    }))
    const cargoes: Cargo[] = []
    await this.#each(items.entries(), async ([index, item]) => {
      const { path = '', folders = [] } = paths[index] ?? {}
      const output = typeof item === 'string' ? await this.#find(item, path) : item
      cargoes[index] = { output, path, folders, isThere: false }
    })
    return cargoes
  }

  async #find(uri: string, path: string): Promise<JobOutput> {
    try {
      return await this.#urls.find(uri)
    } catch (failure) {
      this.#stop.signal.throwIfAborted()
      throw asDownloadError(uri, path, failure)
    }
  }

  /** Makes its folder, and finds out whether it is in its place; throws `FILE_EXISTS` when something else is. */
  async #prepare(cargo: Cargo): Promise<void> {
    const { output, path, folders } = cargo
    await makeFolders(this.#root, folders)
    const found = await lookAt(path)
    if (found === undefined) return
    if (found.isDirectory()) throw exists(cargo, 'a folder')
    if (this.#options.overwrite === true) return
    if (!found.isFile()) throw exists(cargo, 'something that is no file')
    if (found.size !== output.size_bytes) throw exists(cargo, `another file, of ${found.size} bytes,`)
    const sha256 = await sha256Of(path, this.#stop.signal)
    if (sha256 !== output.sha256) throw exists(cargo, `another file, with the SHA-256 ${sha256},`)
    cargo.isThere = true
  }

  async #fetch(cargo: Cargo, tally: DownloadTally): Promise<DownloadedFile> {
    const { path } = cargo
    await using file = await PendingFile.open(path)
    const onBytes = (bytes: number): void => tally.addBytes(bytes)
    const parts = { ...this.#parts, urls: this.#urls, signal: this.#stop.signal, onBytes }
    const { uri, size_bytes, sha256 } = await downloadObject(cargo.output, file, parts)
    await file.moveIntoPlace(this.#options.overwrite === true).catch((failure: unknown) => {
      throw codeOf(failure) === 'EEXIST' ? exists(cargo, 'a file that has just appeared') : failure
    })
    return { uri, path, sizeBytes: size_bytes, sha256, skipped: false }
  }

  /** What a listener throws is no fault of a download: its caller gets it as it is. */
  #tell(progress: DownloadProgress): void {
    try {
      this.#options.onProgress?.(progress)
    } catch (failure) {
      this.#stop.abort(failure)
      throw failure
    }
  }

  #fail({ output, path }: Cargo, failure: unknown): never {
    this.#stop.signal.throwIfAborted()
    throw asDownloadError(output.uri, path, failure)
  }

  #each<Item>(items: Iterator<Item>, action: (item: Item) => Promise<void>): Promise<void> {
    return eachBounded(items, this.#bound, this.#stop, action)
  }
}

async function skipped({ output, path }: Cargo, tally: DownloadTally): Promise<DownloadedFile> {
  const { uri, size_bytes, sha256 } = output
  tally.addBytes(size_bytes)
  return { uri, path, sizeBytes: size_bytes, sha256, skipped: true }
}

function exists({ output: { uri }, path }: Cargo, what: string): DownloadError {
  const message = `${quoted(uri)} is not downloaded, because ${what} is at ${path}; remove it, or allow to overwrite`
  return new DownloadError({ code: 'FILE_EXISTS', message, uri, path })
}
