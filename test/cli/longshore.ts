import { chmod, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts')

/** Puts a `longshore` into a folder that runs the command from its sources, for a shell with the folder in its PATH. */
export async function putCommand(folder: string): Promise<void> {
  const script = `#!/bin/sh\nexec '${process.execPath}' --conditions=longshore-source '${MAIN}' "$@"\n`
  await writeFile(join(folder, 'longshore'), script)
  await chmod(join(folder, 'longshore'), 0o755)
}
