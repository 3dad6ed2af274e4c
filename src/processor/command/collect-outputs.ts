import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Execution } from '../executor.ts'

/** Makes outputs of the files that a program left in a folder, by their paths below it. A link, or what is no file, is left out. */
export async function collectOutputs(folder: string, execution: Execution, below = ''): Promise<void> {
  const entries = await readdir(join(folder, below), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) await collectOutputs(folder, execution, name)
    else if (entry.isFile()) await collect(join(folder, name), name, execution)
    else execution.log.warn(`"${name}" is no file and does not become an output.`)
  }
}

async function collect(path: string, name: string, { outputs, signal }: Execution): Promise<void> {
  signal.throwIfAborted()
  const writer = outputs.file(name)
  await writer.pipe(createReadStream(path))
  await writer.close()
}
