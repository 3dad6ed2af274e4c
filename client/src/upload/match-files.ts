import { UploadError } from '../errors.ts'
import type { Earlier } from './cargo.ts'
import { type Digests, sha256Of } from './digests.ts'
import type { IngestState } from './service-calls.ts'
import type { Supply } from './source.ts'

type KnownFile = IngestState['files'][number]

/** A file here and the same one as the service knows it. */
export interface Match {
  readonly supply: Supply
  readonly known: KnownFile
  readonly earlier: Earlier
}

/**
 * Finds for each file the one of the open upload, and looks whether they can be the same: by name, size and, where one was
 * announced, SHA-256. A file that the store has already put together, without a SHA-256, must not have been changed since
 * the upload began. Throws `RESUME_MISMATCH`, which names the file and the difference.
 */
export async function matchFiles(
  state: IngestState,
  supplies: readonly Supply[],
  digests: Digests,
  signal: AbortSignal,
): Promise<Match[]> {
  const known = new Map(state.files.map((file) => [file.filename, file]))
  const names = new Set(supplies.map(({ name }) => name))
  const extra = state.files.find(({ filename }) => !names.has(filename))
  if (extra) throw mismatch(state, extra.filename, 'it is part of that upload, but was not given now')
  const matches: Match[] = []
  for (const supply of supplies) {
    const file = known.get(supply.name)
    if (file === undefined) throw mismatch(state, supply.name, 'it is not part of that upload')
    matches.push(await match(state, supply, file, digests, signal))
  }
  return matches
}

async function match(
  state: IngestState,
  supply: Supply,
  known: KnownFile,
  digests: Digests,
  signal: AbortSignal,
): Promise<Match> {
  const { size_bytes, sha256 } = known
  if (size_bytes !== supply.sizeBytes) {
    throw mismatch(state, supply.name, `it has ${supply.sizeBytes} bytes, the upload was begun with ${size_bytes}`)
  }
  const local = sha256 === null ? undefined : await sha256Of(supply, digests, signal)
  if (sha256 !== null && local !== undefined && local !== sha256) {
    throw mismatch(state, supply.name, `its SHA-256 is ${local}, the upload was begun with ${sha256}`)
  }
  const isTrusted = local !== undefined
  const isComplete = known.status === 'completed'
  if (isComplete && !isTrusted && changedSince(state, supply)) {
    throw mismatch(state, supply.name, `it was changed after ${state.created_at}, when the upload began`)
  }
  return { supply, known, earlier: { parts: partsOf(known), isTrusted, isComplete } }
}

function changedSince({ created_at }: IngestState, { modifiedAt }: Supply): boolean {
  return modifiedAt !== undefined && modifiedAt > Date.parse(created_at)
}

function partsOf({ parts }: KnownFile): Earlier['parts'] {
  return new Map(parts.map(({ part_number, size_bytes, etag }) => [part_number, { sizeBytes: size_bytes, etag }]))
}

function mismatch({ job_id: jobId }: IngestState, filename: string, why: string): UploadError {
  const message = `${JSON.stringify(filename)} does not fit the upload of job ${jobId}: ${why}. Give the same files, or start a new upload.`
  return new UploadError({ code: 'RESUME_MISMATCH', message, filename, jobId })
}
