import { execFile, execFileSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { cli } from './cli.ts'
import { COMMAND } from './cli-process.ts'

/** A shell in which `longshore` is on the PATH and its completion is loaded. */
export interface Shell {
  /** Whether it is on this machine; with LONGSHORE_REQUIRE_SHELLS=1 it must be. */
  isThere(): boolean
  /** What it offers at the end of a line; for zsh, the screen it shows, which is awaited until it shows `awaited`. */
  complete(line: string, env: Record<string, string>, awaited?: string): Promise<string>
}

/** Beyond it the shell hangs. */
const LIMIT_MS = 20_000

/** A shell that runs `script`, a text made of where the completion lies and the line to be completed. */
function shell(name: string, script: (file: string, line: string, awaited: string) => string): Shell {
  return {
    isThere: () => isInstalled(name),
    complete: async (line, { HOME = '', ...env }, awaited = '') => {
      const bin = await putOnPath(HOME)
      const { code, stdout: completion, stderr } = await cli(['completion', name])
      if (code !== 0) throw new Error(stderr)
      const file = join(HOME, '_longshore')
      await writeFile(file, completion)
      const options = {
        timeout: LIMIT_MS,
        env: { ...process.env, ...env, HOME, PATH: `${bin}${delimiter}${process.env.PATH}` },
      }
      const { stdout, stderr: said } = await promisify(execFile)(name, ['-c', script(file, line, awaited)], options)
      if (said !== '') throw new Error(`${name} said: ${said}`)
      return stripVTControlCharacters(stdout)
    },
  }
}

/** The shells by name. */
export const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', Shell>> = {
  bash: shell(
    'bash',
    (file, line) => `source ${file}
      COMP_WORDS=(${line}${line.endsWith(' ') ? " ''" : ''}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      complete -p longshore > /dev/null && { _longshore; printf '%s\\n' "\${COMPREPLY[@]}"; }`,
  ),
  fish: shell('fish', (file, line) => `source ${file}; complete -C '${line}'`),
  // zsh completes on a terminal alone: Tab shows what there is on one made for it, also where it can fill in a part of it,
  // and a mark that is printed then ends it.
  zsh: shell(
    'zsh',
    (file, line, awaited) => `zmodload zsh/zpty; zpty shell zsh -f -i
      zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; stty -echo columns 200 rows 100'
      zpty -w shell 'autoload -U compinit; compinit -u -D; source ${file}; LISTMAX=1000; unsetopt list_ambiguous; print REA""DY'
      zpty -r -m shell screen '*READY*'
      zpty -w -n shell $'${line}\\t'
      repeat 100; do
        [[ $list == *'${awaited}'* ]] && break
        zpty -r -t shell chunk && list+=$chunk || sleep 0.1
      done
      zpty -w -n shell $'\\x15'
      zpty -w shell ' print DO""NE'
      zpty -r -m shell screen '*DONE*'
      print -r -- "$list$screen"`,
  ),
}

function isInstalled(name: string): boolean {
  try {
    execFileSync(name, ['-c', 'true'], { stdio: 'ignore' })
    return true
  } catch (failure) {
    if (process.env.LONGSHORE_REQUIRE_SHELLS === '1') throw failure
    return false
  }
}

async function putOnPath(home: string): Promise<string> {
  const bin = join(home, 'bin')
  await mkdir(bin, { recursive: true })
  const words = COMMAND.map((word) => `'${word}'`).join(' ')
  await writeFile(join(bin, 'longshore'), `#!/bin/sh\nexec ${words} "$@"\n`)
  await chmod(join(bin, 'longshore'), 0o755)
  return bin
}
