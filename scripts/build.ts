import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { writeDashboard } from '../dashboard/build.ts'

/** Makes what npm would publish, and has publint look at it. */
const root = resolve(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

// The client first: the service's command is built on it.
for (const folder of ['client', '.']) {
  const home = join(root, folder)
  rmSync(join(home, 'dist'), { recursive: true, force: true })
  execFileSync(bin('tsc'), ['-p', join(home, 'tsconfig.build.json')], { stdio: 'inherit' })
  if (folder === '.') {
    finishCommand(join(home, 'dist/cli'))
    await writeDashboard(join(home, 'dist/dashboard'))
  }
  execFileSync(bin('publint'), ['run', home, '--strict'], { stdio: 'inherit' })
}

/** What the compiler leaves to do: the right to run the command, and what the command copies or fills in. */
function finishCommand(cli: string): void {
  chmodSync(join(cli, 'main.js'), 0o755)
  cpSync(join(root, 'src/cli/template'), join(cli, 'template'), { recursive: true })
  cpSync(join(root, 'src/cli/generate/kubernetes.yaml'), join(cli, 'generate/kubernetes.yaml'))
}
