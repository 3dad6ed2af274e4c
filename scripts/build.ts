import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Makes what npm would publish, and has publint look at it. */
const root = resolve(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

// The client first: the service's command is built on it.
for (const folder of ['client', '.']) {
  const home = join(root, folder)
  rmSync(join(home, 'dist'), { recursive: true, force: true })
  execFileSync(bin('tsc'), ['-p', join(home, 'tsconfig.build.json')], { stdio: 'inherit' })
  if (folder === '.') chmodSync(join(home, 'dist/cli/main.js'), 0o755)
  execFileSync(bin('publint'), ['run', home, '--strict'], { stdio: 'inherit' })
}
