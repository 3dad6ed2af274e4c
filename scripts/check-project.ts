import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** Packs what `npm run build` made, makes a project with its command, and does with it all that its README says. */
const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'longshore-project-'))
const project = join(folder, 'word-counter')

try {
  const tarballs = { longshore: pack(root), '@longshore/client': pack(join(root, 'client')) }
  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "version": "1.0.0", "type": "module" }')
  run(folder, 'npm', 'install', '--no-audit', '--no-fund', ...Object.values(tarballs))
  run(folder, 'npx', 'longshore', 'init', 'word-counter')
  useTarballs(tarballs)
  run(project, 'npm', 'install', '--no-audit', '--no-fund')
  run(project, 'npm', 'test')
  run(project, 'npm', 'run', 'types')
  run(project, 'npx', 'longshore', 'doctor')
  await submitToService()
  console.log('A new project installs, passes its test and its types, and runs jobs.')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function pack(home: string): string {
  const options = { cwd: home, encoding: 'utf8' } as const
  return join(folder, execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], options).trim())
}

function run(cwd: string, command: string, ...args: string[]): void {
  console.log(`$ ${[command, ...args].join(' ')}`)
  execFileSync(command, args, { cwd, env: environment(), stdio: 'inherit' })
}

/** This Node for everything; and what npm tells the scripts it runs would otherwise reach the npm that they run. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_(config_|package_|lifecycle_)/.test(name))
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
  return { ...Object.fromEntries(own), PATH: path, PORT: '0' }
}

/** Neither package need be published yet. */
function useTarballs(tarballs: Record<string, string>): void {
  const path = join(project, 'package.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  manifest.dependencies.longshore = `file:${tarballs.longshore}`
  manifest.devDependencies['@longshore/client'] = `file:${tarballs['@longshore/client']}`
  writeFileSync(path, JSON.stringify(manifest, null, 2))
}

async function submitToService(): Promise<void> {
  // Not by `npm start`, which leaves its service behind when it is told to stop: by what that runs.
  const command = join(project, 'node_modules/.bin/longshore')
  assert.equal(
    JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')).scripts.start,
    'longshore serve processor.ts',
  )
  const service = spawn(command, ['serve', 'processor.ts'], {
    cwd: project,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const url = await addressOf(service.stdout)
    const submit = ['longshore', 'submit', 'README.md', '--param', 'emptyLines=false', '--wait', '--json', '--url', url]
    const said = execFileSync('npx', submit, { cwd: project, env: environment(), encoding: 'utf8' })
    console.log(said)
    assert.match(said, /"status": ?"completed"/)
    assert.match(said, /"files": ?1\b/)
  } finally {
    service.kill('SIGTERM')
  }
}

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const address = /listens on (http:\/\/[\d.]+:\d+)/.exec(line)?.[1]
    if (address) return address
  }
  throw new Error('The service ended without saying where it listens.')
}
