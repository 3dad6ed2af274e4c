import { constants } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LongshoreError, systemCodeOf } from '../../base/errors.ts'
import type { Execution } from '../executor.ts'

/**
 * Makes outputs of the files that a program left in a folder, by their paths below it. A link, or what is no file, is left
 * out. A program may remove the folder; what it puts in its place, e.g. a link to another, is not followed.
 */
export async function collectOutputs(folder: string, execution: Execution): Promise<void> {
  const stats = await lstat(folder).catch((failure: unknown) => {
    if (systemCodeOf(failure) !== 'ENOENT') throw failure
  })
  if (stats?.isDirectory()) return collectBelow(folder, execution, '')
  if (stats) throw new LongshoreError('COMMAND_FAILED', 'The program put something else in the place of {outdir}.')
}

async function collectBelow(folder: string, execution: Execution, below: string): Promise<void> {
  const entries = await readdir(join(folder, below), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) await collectBelow(folder, execution, name)
    else if (entry.isFile()) await collect(join(folder, name), name, execution)
    else execution.log.warn(`"${name}" is no file and does not become an output.`)
  }
}

async function collect(path: string, name: string, { outputs, signal }: Execution): Promise<void> {
  signal.throwIfAborted()
  const writer = outputs.file(name)
  if (name.includes('\uFFFD'))
    throw new LongshoreError('INVALID_FILENAME', `The output "${name}" is not named in UTF-8.`)
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  await writer.pipe(file.createReadStream())
  await writer.close()
}
