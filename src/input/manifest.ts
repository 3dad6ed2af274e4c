import { LongshoreError } from '../base/errors.ts'
import type { ManifestEntry, ManifestSource } from '../job/job.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { parseObjectUri } from '../storage/object-uri.ts'
import { brokenOff } from './input-faults.ts'
import { checkManifestEntries, type ManifestLimits } from './manifest-entries.ts'
import { parseManifest } from './parse-manifest.ts'

/** What reading a manifest takes. */
export interface ManifestOptions extends ManifestLimits {
  store: ObjectStore
  /** Longest manifest object. */
  maxBytes: number
  signal: AbortSignal
}

/**
 * Reads the list of a job's input files and checks it whole. Nothing about its faults is retryable; each names the URI.
 *
 * Throws `MANIFEST_NOT_FOUND`, `MANIFEST_INVALID`, `MANIFEST_EMPTY`, `INVALID_URI`, `BUCKET_NOT_ALLOWED`,
 * `TOO_MANY_FILES`, and what the store throws.
 */
export async function readManifest(source: ManifestSource, options: ManifestOptions): Promise<ManifestEntry[]> {
  if ('files' in source) return checkManifestEntries(source.files, options)
  checkManifestUri(source.uri, options)
  const bytes = await readWhole(source.uri, options)
  return parseManifest(bytes, source.uri, options)
}

/** Checks where a manifest lies without reading it; throws `INVALID_URI` or `BUCKET_NOT_ALLOWED`. */
export function checkManifestUri(uri: string, limits: ManifestLimits): void {
  const { bucket } = parseObjectUri(uri)
  if (limits.readableBuckets.includes(bucket)) return
  throw new LongshoreError(
    'BUCKET_NOT_ALLOWED',
    `The bucket of the manifest ${uri} may not be read; allowed are ${limits.readableBuckets.join(', ')}.`,
  )
}

async function readWhole(uri: string, { store, maxBytes, signal }: ManifestOptions): Promise<Buffer> {
  signal.throwIfAborted()
  const { info, body } = await store.get(parseObjectUri(uri), { signal }).catch((thrown: unknown) => {
    throw isMissing(thrown) ? new LongshoreError('MANIFEST_NOT_FOUND', `The manifest ${uri} does not exist.`) : thrown
  })
  try {
    if (info.sizeBytes > maxBytes) throw tooLong(uri, info.sizeBytes, maxBytes)
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (failure) {
    signal.throwIfAborted()
    throw brokenOff(uri, failure)
  } finally {
    body.destroy()
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof LongshoreError && thrown.code === 'OBJECT_NOT_FOUND'
}

function tooLong(uri: string, sizeBytes: number, maxBytes: number): LongshoreError {
  return new LongshoreError(
    'MANIFEST_INVALID',
    `The manifest ${uri} has ${sizeBytes} bytes, the limit (MAX_BODY_MB) is ${maxBytes}.`,
  )
}
