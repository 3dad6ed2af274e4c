import type { Clock } from '../base/clock.ts'
import type { JobFile, ManifestEntry } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** One input file as it was fetched. */
export interface FetchedFile {
  /** Position in the manifest, from 0. */
  index: number
  uri: string
  /** Where it lies on this machine; empty in mode `uri`. */
  path: string
  sizeBytes: number
  etag: string
  /** The digest the manifest gave, which the bytes have; null when it gave none. */
  sha256: string | null
}

/** How far the fetch is; a type, so that it counts as JSON. */
export type FetchProgress = {
  percent: number
  files_done: number
  files_total: number
  bytes_done: number
  bytes_total: number
}

/** What fetching takes. */
export interface FetchOptions {
  store: ObjectStore
  clock: Clock
  /** The folder to fetch into; asked for once, and only when there is something to fetch. */
  folder: () => string
  /** `download` fetches the bytes; `uri` only checks that the objects are there. */
  mode: 'download' | 'uri'
  /** Objects asked about, and fetched, at once. */
  concurrency: number
  limits: {
    /** Largest file. */
    fileBytes: number
    /** All files together. */
    jobBytes: number
  }
  signal: AbortSignal
  /** Positions in the manifest to fetch; all unless given. */
  only?: ReadonlySet<number>
  /** Hears of every change to a file's row in the ledger. */
  onFile: (row: JobFile) => void
  /** Hears of every chunk; throttling is up to the listener. */
  onProgress: (progress: FetchProgress) => void
  /** A number in [0, 1), for the delay between tries; `Math.random` unless given. */
  random?: () => number
}

/** Checks and fetches the input files of a job. */
export async function fetchInputs(_entries: readonly ManifestEntry[], _options: FetchOptions): Promise<FetchedFile[]> {
  return []
}
