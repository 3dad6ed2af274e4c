import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'dotenv'
import packageJson from 'longshore/package.json' with { type: 'json' }
import { projectFiles } from '../../src/cli/init/project-files.ts'
import { writeProject } from '../../src/cli/init/project-folder.ts'
import { parseConfig } from '../../src/config.ts'
import { SETTINGS } from '../../src/settings.ts'
import { smallDisk } from '../support/small-disk.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { cliProcess } from './cli-process.ts'

const FILES = [
  '.dockerignore',
  '.env.example',
  '.gitignore',
  'Dockerfile',
  'README.md',
  'compose.yaml',
  'package.json',
  'processor.test.ts',
  'processor.ts',
  'tsconfig.json',
]

test('a new project is told with what to do next', async () => {
  await using folder = await tempFolder()
  const { code, stdout, stderr } = await cliProcess(['init', 'word-counter'], folder.path)
  assert.equal(code, 0, stderr)
  assert.equal(stdout, `Made word-counter in ${join(folder.path, 'word-counter')}\n`)
  assert.equal(
    stderr,
    `
Next:
  cd word-counter
  npm install
  npm test
  npm start                                # the service, on http://127.0.0.1:8000
  npx longshore submit README.md --wait    # in another terminal: its first job

processor.ts is what it does; change it to what you want.
`,
  )
  assert.deepEqual((await readdir(join(folder.path, 'word-counter'))).sort(), FILES)
})

test('the current folder is named by itself, and may hold a repository', async () => {
  await using parent = await tempFolder()
  const folder = join(parent.path, 'here')
  await mkdir(join(folder, '.git'), { recursive: true })
  const { stdout, stderr } = await cliProcess(['init', '.', '--json'], folder)
  assert.equal(stderr, '')
  assert.deepEqual(JSON.parse(stdout), { name: 'here', folder, files: FILES })
  assert.equal(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).name, 'here')
})

test('a project carries its name everywhere, and the versions it was made with', async () => {
  const files = await projectFiles('@lab/Word_counter.js'.toLowerCase())
  for (const [name, text] of files) assert.doesNotMatch(text, /project-name/, name)
  assert.match(files.get('processor.ts') ?? '', /readonly name = 'word-counter-js'/)
  assert.match(files.get('compose.yaml') ?? '', /^ {2}word-counter-js:$/m)
  const manifest = JSON.parse(files.get('package.json') ?? '')
  assert.equal(manifest.name, '@lab/word_counter.js')
  assert.equal(manifest.dependencies.longshore, `^${packageJson.version}`)
  assert.equal(manifest.devDependencies['@longshore/client'], `^${packageJson.version}`)
  assert.equal(manifest.engines.node, packageJson.engines.node)
})

test('.env.example of a project is a configuration that is valid, and names no setting that is none', async () => {
  const text = (await projectFiles('x')).get('.env.example') ?? ''
  assert.deepEqual(parse(text), { AUTH: 'none' })
  const named = [...text.matchAll(/^#?([A-Z0-9_]+)=/gm)].map(([, name]) => name ?? '')
  assert.ok(named.length > 5)
  assert.deepEqual(
    named.filter((name) => !(name in SETTINGS)),
    [],
  )
  assert.equal(parseConfig({ HOST: '0.0.0.0', ...parse(text) }).host, '0.0.0.0')
})

test('a folder that holds anything is left as it is', async () => {
  await using folder = await tempFolder()
  await mkdir(join(folder.path, 'taken'))
  await writeFile(join(folder.path, 'taken/notes.txt'), 'mine')
  assert.deepEqual(await cliProcess(['init', 'taken'], folder.path), {
    code: 2,
    stdout: '',
    stderr: `error: expected ${join(folder.path, 'taken')} to be empty, it holds notes.txt. Choose another name, or empty it\n`,
  })
  assert.deepEqual(await readdir(join(folder.path, 'taken')), ['notes.txt'])
})

for (const [name, reason] of [
  ['Word Counter', 'name can only contain URL-friendly characters; name can no longer contain capital letters'],
  ['../escape', 'name cannot start with a period; name can only contain URL-friendly characters'],
  ['/etc/x', 'name can only contain URL-friendly characters'],
  ['node_modules', 'node_modules is not a valid package name'],
] as const) {
  test(`${name} is refused as a name`, async () => {
    await using folder = await tempFolder()
    assert.deepEqual(await cliProcess(['init', name], folder.path), {
      code: 2,
      stdout: '',
      stderr: `error: expected "${name}" to be a name for an npm package, e.g. my-service: ${reason}\n`,
    })
    assert.deepEqual(await readdir(folder.path), [])
  })
}

test('a disk that is full half-way is left as it was', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root can mount a small disk')
  await using disk = await smallDisk(1)
  const files = new Map([...(await projectFiles('x')), ['zz-large', 'x'.repeat(2 * 1024 * 1024)]])
  await assert.rejects(writeProject(join(disk.path, 'made/x'), files), { code: 'ENOSPC' })
  assert.deepEqual(await readdir(disk.path), [])
  await mkdir(join(disk.path, 'empty'))
  await assert.rejects(writeProject(join(disk.path, 'empty'), files), { code: 'ENOSPC' })
  assert.deepEqual(await readdir(join(disk.path, 'empty')), [])
})
