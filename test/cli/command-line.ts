import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { tempFolder } from '../support/temp-folder.ts'
import { openTerminal } from '../support/terminal.ts'
import { putCommand } from './longshore.ts'

/** A terminal with `longshore` in its path, in a folder of its own. */
export async function openCommandLine(url: string, columns: number, env: Record<string, string> = {}) {
  const folder = await tempFolder()
  const bin = join(folder.path, 'bin')
  await mkdir(bin)
  await putCommand(bin)
  const PATH = `${bin}${delimiter}${process.env.PATH}`
  const terminal = await openTerminal({ columns, cwd: folder.path, env: { LONGSHORE_URL: url, PATH, ...env } })
  return {
    folder: folder.path,
    terminal,
    [Symbol.asyncDispose]: async () => {
      await terminal[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
