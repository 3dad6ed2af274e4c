import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { FileState, JobFile, ManifestEntry } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { forEachAtOnce } from './at-once.ts'
import { checkDiskSpace } from './disk-space.ts'
import { fetchFile } from './fetch-file.ts'
import { type FetchProgress, FetchTally } from './fetch-tally.ts'
import { onDisk } from './local-file.ts'
import { assignLocalPaths } from './local-paths.ts'
import { type SurveyedFile, surveyInputs } from './survey.ts'

export type { FetchProgress } from './fetch-tally.ts'

/** One input file as it was fetched. */
export interface FetchedFile {
  /** Position in the manifest, from 0. */
  index: number
  uri: string
  /** Where it lies on this machine; empty in mode `uri`. */
  path: string
  sizeBytes: number
  etag: string
  /** The digest the manifest gave, which the bytes have; null when it gave none, and in mode `uri`. */
  sha256: string | null
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

/**
 * Fetches the input files of a job. First every object is looked for and the limits and the disk are checked; only then
 * bytes move. Memory is bounded by about 1 MiB per file under way, whatever the sizes. Files lie where
 * {@link assignLocalPaths} says; the answer is in manifest order.
 *
 * Throws `INPUT_NOT_FOUND`, `FILE_TOO_LARGE`, `JOB_TOO_LARGE`, `INPUT_DIGEST_MISMATCH`, `STORAGE_FULL`,
 * `STORE_UNAVAILABLE` after several tries, or the signal's reason.
 */
export async function fetchInputs(entries: readonly ManifestEntry[], options: FetchOptions): Promise<FetchedFile[]> {
  const surveyed = await survey(entries, options)
  if (options.mode === 'uri') return surveyed.map((file) => fetched(file, { path: '' }))
  const paths = await makeRoom(surveyed, options)
  return download(surveyed, paths, options)
}

async function survey(entries: readonly ManifestEntry[], options: FetchOptions): Promise<SurveyedFile[]> {
  const { only, onFile, random = Math.random } = options
  const wanted = entries.map((entry, index) => ({ index, entry })).filter(({ index }) => only?.has(index) ?? true)
  const files = await surveyInputs(wanted, {
    ...options,
    random,
    etags: options.mode === 'uri',
    onMissing: (index, entry, { message }) => onFile(row({ index, entry }, 'failed', message)),
  })
  for (const file of files) onFile(row(file, 'pending'))
  return files
}

/** Makes the folders and answers each file's path. */
async function makeRoom(files: readonly SurveyedFile[], { folder }: FetchOptions): Promise<string[]> {
  if (files.length === 0) return []
  const root = folder()
  const paths = assignLocalPaths(files.map(({ entry }) => entry.uri)).map((path) => join(root, path))
  const folders = new Set(paths.map((path) => dirname(path)))
  await onDisk(async () => {
    for (const each of folders) await mkdir(each, { recursive: true })
  })
  const sizes = files.map(({ sizeBytes }) => sizeBytes)
  await checkDiskSpace(root, sizes)
  return paths
}

async function download(
  files: readonly SurveyedFile[],
  paths: readonly string[],
  options: FetchOptions,
): Promise<FetchedFile[]> {
  const tally = new FetchTally(files, options.onProgress)
  const results: FetchedFile[] = []
  await forEachAtOnce([...files.entries()], options, async ([position, file], signal) => {
    const path = paths[position] ?? ''
    const result = await downloadOne(file, path, { ...options, signal }, tally)
    tally.fileDone()
    results[position] = result
  })
  return results
}

async function downloadOne(
  file: SurveyedFile,
  path: string,
  options: FetchOptions,
  tally: FetchTally,
): Promise<FetchedFile> {
  const { limits, onFile, random = Math.random } = options
  const onBytes = (bytes: number): void => tally.add(bytes)
  try {
    const got = await fetchFile(file, path, { ...options, random, maxBytes: limits.fileBytes, onBytes })
    const result = fetched({ ...file, ...got }, { path, sha256: file.entry.sha256 ?? null })
    onFile(row({ ...file, ...got }, 'downloaded'))
    return result
  } catch (failure) {
    if (!options.signal.aborted) onFile(row(file, 'failed', messageOf(failure)))
    throw failure
  }
}

function fetched(
  { index, entry, sizeBytes, etag = '' }: SurveyedFile,
  { path, sha256 = null }: { path: string; sha256?: string | null },
): FetchedFile {
  return { index, uri: entry.uri, path, sizeBytes, etag, sha256 }
}

function row(
  { index, entry, sizeBytes, etag }: Pick<SurveyedFile, 'index' | 'entry'> & Partial<SurveyedFile>,
  state: FileState,
  error: string | null = null,
): JobFile {
  const known = { sizeBytes: sizeBytes ?? null, etag: etag ?? null }
  return { index, uri: entry.uri, state, ...known, sha256: entry.sha256 ?? null, error }
}
