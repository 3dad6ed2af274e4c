import { stat } from 'node:fs/promises'
import { UsageError } from '../failures.ts'
import type { SubmitOptions } from './submit-options.ts'

/** Files of this machine. */
export type LocalSource =
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'folder'; readonly folder: string }

/** Where the input files of a job are. */
export type Source = LocalSource | { readonly kind: 'manifest'; readonly uri: string }

/** Finds out which of the three was meant; throws a `UsageError` unless it is exactly one. */
export function sourceOf(paths: readonly string[], options: SubmitOptions): Source {
  const { manifest, dir } = options
  const given = [paths.length > 0, manifest !== undefined, dir !== undefined].filter((is) => is)
  if (given.length !== 1) throw new UsageError(`expected either files, or --manifest URI, or --dir DIR\n${SEE_HELP}`)
  if (dir === undefined && (options.include ?? options.exclude) !== undefined) {
    throw new UsageError('--include and --exclude choose from the files of --dir')
  }
  if (options.resume !== undefined) checkResume(options)
  if (manifest !== undefined) return { kind: 'manifest', uri: manifest }
  return dir === undefined ? { kind: 'files', paths } : { kind: 'folder', folder: dir }
}

/** Throws a `UsageError` when a folder was given as a file. A file that cannot be read is told when it is. */
export async function expectNoFolder(source: Source): Promise<void> {
  if (source.kind !== 'files') return
  for (const path of source.paths) {
    const isFolder = await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    )
    if (isFolder) throw new UsageError(`${JSON.stringify(path)} is a folder: to upload what is in it, give --dir DIR`)
  }
}

const SEE_HELP = '(longshore submit --help shows examples)'

/** What an upload that is resumed has already. */
const OF_THE_START = [
  'param',
  'params',
  'label',
  'priority',
  'group',
  'delay',
  'maxAttempts',
  'timeout',
  'idempotencyKey',
] as const

function checkResume(options: SubmitOptions): void {
  if (options.manifest !== undefined) throw new UsageError('--resume goes on with an upload; a manifest has none')
  if (OF_THE_START.every((name) => options[name] === undefined)) return
  throw new UsageError('--resume goes on as the upload was started: give the files, but no parameters or job options')
}
