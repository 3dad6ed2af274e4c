import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * Packs the client that `npm run build` made and installs it into an empty project, where it is held against every compiler
 * setting people have and runs the whole way on every runtime that is at hand: this Node, the system's, and with
 * `CLIENT_RUNTIMES=deno,bun` those, whose npm packages are then fetched.
 */
const root = resolve(import.meta.dirname, '..')
const project = mkdtempSync(join(tmpdir(), 'longshore-client-'))
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

const UNIVERSAL = `
import { type CompletedJob, JobClient, type JobEvent, JobFailedError } from '@longshore/client'
import { z } from 'zod'

const schemas = { result: z.object({ digests: z.record(z.string(), z.string()) }) }

export async function digest(url: string, data: Blob): Promise<string | undefined> {
  const client = new JobClient({ url, schemas })
  const id = await client.uploadFiles([{ name: 'abc.txt', data }])
  const job: CompletedJob<typeof schemas> = await client.waitForJob(id, { onProgress: () => {} })
  const events: JobEvent[] = []
  for await (const event of client.jobEvents(id)) events.push(event)
  if (events.at(-1)?.status !== 'completed') throw new JobFailedError({ code: 'X', message: 'no final event', job })
  return job.result.digests['abc.txt']
}
`

const ON_NODE = `
import { type DownloadedFile, JobClient } from '@longshore/client/node'

export function digest(url: string, path: string, outputDir: string): Promise<readonly DownloadedFile[]> {
  return new JobClient({ url }).process([path], { outputDir }).then(({ downloaded }) => downloaded)
}
`

const ROUND_TRIP = `
import { digest } from './universal.js'

const found = await digest(process.argv[2], new Blob(['abc']))
if (found !== 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad') throw new Error(String(found))
// Nothing of the client keeps a program from ending.
`

try {
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', version: '1.0.0', type: 'module' }))
  install([pack()])
  const sources = { 'universal.ts': UNIVERSAL, 'on-node.ts': ON_NODE, 'round-trip.js': ROUND_TRIP }
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(project, name), text)
  for (const module of ['nodenext', 'bundler']) {
    checkTypes('universal.ts', module, ['--lib', 'es2022,dom', '--types', ''])
    checkTypes('on-node.ts', module, ['--lib', 'es2022', '--types', 'node', '--typeRoots', types()])
  }
  checkImports()
  emit('universal.ts')
  await withService((url) => {
    for (const [command = '', ...args] of runtimes()) {
      execFileSync(command, [...args, 'round-trip.js', url], { cwd: project, stdio: 'inherit', timeout: 60_000 })
      console.log(`The packed client goes the whole way on ${[command, ...args].join(' ')}.`)
    }
  })
} finally {
  rmSync(project, { recursive: true, force: true })
}

function pack(): string {
  const options = { cwd: join(root, 'client'), encoding: 'utf8' } as const
  return join(project, execFileSync('npm', ['pack', '--silent', '--pack-destination', project], options).trim())
}

function install(packages: readonly string[]): void {
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...packages], { cwd: project, stdio: 'inherit' })
}

function types(): string {
  return join(root, 'node_modules/@types')
}

/** Compiles with every declaration looked into, as the strictest project would. */
function checkTypes(file: string, module: string, options: readonly string[]): void {
  const resolution =
    module === 'bundler' ? ['--module', 'esnext', '--moduleResolution', 'bundler'] : ['--module', module]
  const strict = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    'false',
    '--target',
    'es2022',
    '--noEmit',
  ]
  execFileSync(bin('tsc'), [...strict, ...resolution, ...options, '--ignoreConfig', file], {
    cwd: project,
    stdio: 'inherit',
  })
  console.log(`${file} compiles under ${module}.`)
}

function emit(file: string): void {
  const options = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', '--types', '', '--ignoreConfig']
  execFileSync(bin('tsc'), [...options, file], { cwd: project, stdio: 'inherit' })
}

/** What the universal entry reaches imports zod, and nothing of Node: a bundler for browsers has nothing to replace. */
function checkImports(): void {
  const reached = new Set<string>()
  const open = [join(project, 'node_modules/@longshore/client/dist/client/src/index.js')]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
      if (specifier.startsWith('.')) open.push(resolve(dirname(file), specifier))
      else assert.equal(specifier, 'zod', `${file} imports ${specifier}`)
    }
  }
  assert.ok(reached.size > 10, `only ${reached.size} files were found`)
  console.log(`The ${reached.size} files of the universal entry import zod alone.`)
}

/** Command lines that run a script. */
function runtimes(): string[][] {
  const found = [[process.execPath], ...systemNodes()]
  const wanted = (process.env.CLIENT_RUNTIMES ?? '').split(',').filter((name) => name !== '')
  if (wanted.length > 0) install(wanted)
  const local = (name: string): string => join(project, 'node_modules/.bin', name)
  const commands: Record<string, string[]> = { deno: [local('deno'), 'run', '--allow-net'], bun: [local('bun')] }
  return [...found, ...wanted.map((name) => commands[name] ?? [name])]
}

/** Another Node than the one of this project, if there is one. */
function systemNodes(): string[][] {
  const paths = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes('node_modules'))
  for (const path of paths) {
    try {
      const command = join(path, 'node')
      const version = execFileSync(command, ['--version'], { encoding: 'utf8' })
      return Number.parseInt(version.slice(1), 10) >= 20 ? [[command]] : []
    } catch {}
  }
  return []
}

/** Runs the minimal example as a service meanwhile. */
async function withService(action: (url: string) => void): Promise<void> {
  const main = join(root, 'examples/minimal/main.ts')
  const service = spawn(process.execPath, ['--conditions=longshore-source', main], {
    env: { ...process.env, PORT: '0', DATA_DIR: join(project, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    for await (const line of createInterface({ input: service.stdout })) {
      const url = /http:\/\/[\d.]+:\d+/.exec(line)?.[0]
      if (url !== undefined) return action(url)
    }
    throw new Error('The service ended without saying where it listens.')
  } finally {
    service.kill('SIGTERM')
  }
}
