import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs this command again without `--watch` under Node's own watch mode, and answers how that ended. */
export async function runWatched(): Promise<number> {
  const [program, script = '', ...rest] = process.argv
  const options = [...process.execArgv, '--watch', '--watch-preserve-output']
  const child = spawn(program ?? process.execPath, [...options, script, ...rest.filter((arg) => arg !== '--watch')], {
    stdio: 'inherit',
  })
  // Ctrl-C reaches the whole process group by itself; here it only must not end the parent first.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : 1
}
