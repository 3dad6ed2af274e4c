import type { Session } from '../session.ts'
import type { LocalSource } from './source.ts'
import type { SubmitOptions } from './submit-options.ts'

/** The command line that goes on with an upload: the same files, and the same wishes for what follows. */
export function resumeCommand(
  { commandLine }: Pick<Session, 'commandLine'>,
  source: LocalSource,
  { include = [], exclude = [], wait, output, overwrite, json }: SubmitOptions,
  jobId: string,
): string {
  const flags = [
    ...(source.kind === 'folder' ? ['--dir', source.folder] : []),
    ...include.flatMap((pattern) => ['--include', pattern]),
    ...exclude.flatMap((pattern) => ['--exclude', pattern]),
    ...['--resume', jobId],
    ...(wait ? ['--wait'] : []),
    ...(output === undefined ? [] : ['--output', output]),
    ...(overwrite ? ['--overwrite'] : []),
    ...(json ? ['--json'] : []),
  ]
  const paths = source.kind === 'files' ? source.paths.map(asPath) : []
  return commandLine('submit', ...paths, ...flags)
}

/** A file may be called like an option. */
function asPath(path: string): string {
  return path.startsWith('-') ? `./${path}` : path
}
