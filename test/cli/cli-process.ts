import { spawn } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { tempFolder } from '../support/temp-folder.ts'
import type { CliEnd } from './cli.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'src/cli/main.ts')

/** How the command of this repository is started. */
export const COMMAND = [process.execPath, '--conditions=longshore-source', MAIN] as const

/** Starts the command in a process of its own, in a folder. */
export function startCli(args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const [program, ...options] = COMMAND
  return spawn(program, [...options, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs the command in a process of its own to its end. */
export async function cliProcess(
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<CliEnd> {
  const child = startCli(args, cwd, env)
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}

/** A folder of a user, with these files, in which `longshore` is installed. */
export async function projectFolder(files: Record<string, string>) {
  const folder = await tempFolder()
  await mkdir(join(folder.path, 'node_modules'))
  symlinkSync(ROOT, join(folder.path, 'node_modules/longshore'))
  const manifest = { 'package.json': '{ "type": "module" }' }
  for (const [name, content] of Object.entries({ ...manifest, ...files }))
    await writeFile(join(folder.path, name), content)
  return folder
}
